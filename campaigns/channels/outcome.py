"""Outcomes of a send, as values: `send` raises only for our own mistakes, never because of one member."""

from dataclasses import dataclass, field
from pathlib import Path

from campaigns.core.model.reasons import EndReason


@dataclass(frozen=True, slots=True)
class Accepted:
    """Message accepted by the provider; `provider_id` is its name for the message, or empty.

    `file` holds it, for a provider that writes files.
    """

    provider_id: str
    file: Path | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """Message refused for good. `detail` holds no address, number, name or body."""

    reason: EndReason
    detail: str


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Message certainly not sent: the delivery goes back to pending for `seconds`.

    `this_message_only` when the reason is this message or its recipient, and other messages are not affected.
    """

    seconds: float
    detail: str
    this_message_only: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """Message possibly sent: the delivery becomes uncertain and is never resent automatically."""

    detail: str


Outcome = Accepted | Refused | RetryLater | Unknown


class ChannelMisconfiguredError(Exception):
    """Raised for a wrong key, sender or folder of ours: the channel stops and no delivery ends."""
