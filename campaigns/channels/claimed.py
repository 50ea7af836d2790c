"""The value that only a claim creates; nothing can be handed to a provider without it."""

from dataclasses import InitVar, dataclass, field
from typing import Final

from campaigns.spec.words import Channel

_KEY: Final = object()


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
    """The delivery whose claim was just committed. `campaigns.dispatch.claim` alone may import this; a test looks."""
    return Claimed(opaque_id, attempt, run, position, member_id, channel, address, _KEY)
