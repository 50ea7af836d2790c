"""The value that only a claim creates; nothing can be handed to a provider without it.

Two things are no delivery of a run: a proof, which reaches nobody but the addresses of our own that the settings list,
and a note to one member of their own affairs, which the courier alone carries.
"""

from dataclasses import InitVar, dataclass, field
from typing import Final

from campaigns.core.model.enums import Channel
from campaigns.core.model.internal_addresses import is_internal
from campaigns.core.model.settings import Settings

_KEY: Final = object()
NOTES: Final = "notes"  # stands where a delivery has its run


@dataclass(frozen=True, slots=True)
class Claimed:
    """One delivery in the state `sending`, its claim committed.

    Of this a provider may learn `opaque_id` (the delivery's name), `attempt` (its claim's name, which others of the
    same claim share) and `address` (e-mail or E.164 number; empty for post). `member_id` is for our own records only.
    """

    opaque_id: str
    attempt: str
    run: str
    position: int
    member_id: str = field(repr=False)
    channel: Channel
    address: str = field(repr=False)
    key: InitVar[object]

    def __post_init__(self, key: object) -> None:
        if key is not _KEY:
            raise TypeError("a claimed delivery is made by a committed claim, not by hand")


def mint(  # the one way to make one
    *, opaque_id: str, attempt: str, run: str, position: int, member_id: str, channel: Channel, address: str
) -> Claimed:
    """The delivery whose claim was just committed. `campaigns.runs.dispatch.claim` alone may import this; a test looks."""
    return Claimed(opaque_id, attempt, run, position, member_id, channel, address, _KEY)


def mint_proof(
    *, opaque_id: str, attempt: str, run: str, channel: Channel, address: str, settings: Settings
) -> Claimed:
    """What stands for a claim in a proof, which has no member and no delivery.

    Raises ValueError for an address that is not internal. `campaigns.runs.proofs.proof` alone may import this.
    """
    if not is_internal(address, settings.internal_addresses):
        raise ValueError("a proof goes to internal addresses only")
    return Claimed(opaque_id, attempt, run, 0, "", channel, address, _KEY)


def mint_note(*, opaque_id: str, attempt: str, number: int, channel: Channel, address: str) -> Claimed:
    """A note whose claim was just committed. `campaigns.runs.notices.sender` alone may import this; a test looks."""
    return Claimed(opaque_id, attempt, NOTES, number, "", channel, address, _KEY)
