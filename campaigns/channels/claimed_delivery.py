"""Proof of a committed claim; nothing can be handed to a provider without it.

Two kinds of message are no delivery of a run: a proof, which goes only to the internal addresses in the settings, and
a notice to one member about their own affairs, which only the notice sender sends.
"""

from dataclasses import InitVar, dataclass, field
from typing import Final

from campaigns.core.model.enums import Channel
from campaigns.core.model.internal_addresses import is_internal_address
from campaigns.core.model.settings import Settings

_KEY: Final = object()
NOTICES_RUN: Final = "notes"  # takes the place of the run of a delivery


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """One delivery in the state `sending`, its claim committed.

    A provider may learn `opaque_id` (the name of the delivery), `attempt` (the name of the claim, shared by all
    deliveries of that claim) and `address` (e-mail or E.164 number; empty for post). `member_id` is for our own
    records only.
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


def create_claimed_delivery(  # the only constructor for deliveries of runs
    *, opaque_id: str, attempt: str, run: str, position: int, member_id: str, channel: Channel, address: str
) -> ClaimedDelivery:
    """Return the delivery of a claim just committed. Only `campaigns.runs.dispatch.claim` may import this; tested."""
    return ClaimedDelivery(opaque_id, attempt, run, position, member_id, channel, address, _KEY)


def create_claimed_proof(
    *, opaque_id: str, attempt: str, run: str, channel: Channel, address: str, settings: Settings
) -> ClaimedDelivery:
    """Return the claim of a proof, which has no member and no delivery.

    Raises ValueError for an address that is not internal. Only `campaigns.runs.proofs.proof` may import this.
    """
    if not is_internal_address(address, settings.internal_addresses):
        raise ValueError("a proof goes to internal addresses only")
    return ClaimedDelivery(opaque_id, attempt, run, 0, "", channel, address, _KEY)


def create_claimed_notice(
    *, opaque_id: str, attempt: str, number: int, channel: Channel, address: str
) -> ClaimedDelivery:
    """Return the notice of a claim just committed. Only `notice_sender` may import this; tested."""
    return ClaimedDelivery(opaque_id, attempt, NOTICES_RUN, number, "", channel, address, _KEY)
