"""Provider events: their kinds, the actions they call for, and their evidence about a delivery. No storage here."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final


class EventKind(StrEnum):
    """Kind of event, the same for all providers. An event name that we do not know is UNKNOWN, not an error.

    BOUNCED blames the address, BLOCKED the sender or the content, UNDELIVERED neither; DROPPED was never tried. The
    last five are the dispositions of calls.
    """

    TAKEN = "taken"
    DELIVERED = "delivered"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    BLOCKED = "blocked"
    DROPPED = "dropped"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    RESUBSCRIBED = "resubscribed"
    OPENED = "opened"
    CLICKED = "clicked"
    REPLIED = "replied"
    ASKED_HELP = "asked_help"
    UNKNOWN = "unknown"
    REACHED = "reached"
    NOT_REACHED = "not_reached"
    CALL_LATER = "call_later"
    NO_MORE_CALLS = "no_more_calls"
    WRONG_NUMBER = "wrong_number"


class EventAction(StrEnum):
    """Action that an event calls for beyond being stored."""

    SUPPRESS_BOUNCED = "suppress_bounced"
    SUPPRESS_INVALID = "suppress_invalid"
    SUPPRESS_COMPLAINED = "suppress_complained"
    WITHDRAW_EMAIL = "withdraw_email"
    WITHDRAW_SMS = "withdraw_sms"
    ALARM = "alarm"


class DeliveryEvidence(StrEnum):
    """Evidence of an event about an uncertain delivery: the provider had accepted the message, or refused it."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


_PROVES: Final = {
    EventKind.TAKEN: DeliveryEvidence.ACCEPTED,
    EventKind.DELIVERED: DeliveryEvidence.ACCEPTED,
    EventKind.DEFERRED: DeliveryEvidence.ACCEPTED,
    EventKind.BOUNCED: DeliveryEvidence.ACCEPTED,
    EventKind.BLOCKED: DeliveryEvidence.ACCEPTED,
    EventKind.UNDELIVERED: DeliveryEvidence.ACCEPTED,
    EventKind.EXPIRED: DeliveryEvidence.ACCEPTED,
    EventKind.COMPLAINED: DeliveryEvidence.ACCEPTED,
    EventKind.OPENED: DeliveryEvidence.ACCEPTED,
    EventKind.CLICKED: DeliveryEvidence.ACCEPTED,
    EventKind.DROPPED: DeliveryEvidence.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Event:
    """One event reported by a provider.

    `key` is the same when the provider repeats the event; unique together with `provider`. `delivery` is our opaque id
    and `provider_id` the provider's name for the message; either may be empty. `address` is the address that the
    actions apply to. `code` is the provider's own code; `raw` is the whole payload, which is personal data.
    """

    provider: str
    key: str
    kind: EventKind
    at: datetime
    delivery: str = ""
    provider_id: str = ""
    address: str = field(default="", repr=False)
    code: str = ""
    actions: frozenset[EventAction] = frozenset()
    raw: str = field(default="", repr=False)

    @property
    def evidence(self) -> DeliveryEvidence | None:
        """Return the evidence about a delivery whose outcome was unknown, or None."""
        return _PROVES.get(self.kind)
