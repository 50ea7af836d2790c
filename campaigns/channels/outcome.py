"""What a provider answered, as values: `send` raises only when we are wrong, never for one member's sake."""

from dataclasses import dataclass

from campaigns.core.model.reasons import EndReason


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took the message; `provider_id` is its own name for it, or empty."""

    provider_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider will never take this message. `detail` holds no address, number, name or body."""

    reason: EndReason
    detail: str


@dataclass(frozen=True, slots=True)
class TryLater:
    """The provider surely did nothing: the delivery goes back to pending for `seconds`.

    `alone` when that was for the message's or its reader's sake, and says nothing of the other messages.
    """

    seconds: float
    detail: str
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have gone: the delivery becomes uncertain and is never resent by itself."""

    detail: str


Outcome = Accepted | Refused | TryLater | Unknown


class ChannelMisconfigured(Exception):  # noqa: N818 - said as what happened
    """Our key, sender or folder is wrong: the channel stops and no member is touched."""
