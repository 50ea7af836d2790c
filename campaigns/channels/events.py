"""What providers tell later, in our own words; what each word proves and asks for. Storing it is not done here."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final


class EventWord(StrEnum):
    """What happened to a message, whoever tells it. A word of theirs that we do not know is UNKNOWN, not an error.

    BOUNCED blames the address, BLOCKED the sender or the content, UNDELIVERED neither; DROPPED was never tried. The
    last five are what those who call write into a call list.
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


class Consequence(StrEnum):
    """What an event asks of us beyond being kept."""

    SUPPRESS_BOUNCED = "suppress_bounced"
    SUPPRESS_INVALID = "suppress_invalid"
    SUPPRESS_COMPLAINED = "suppress_complained"
    WITHDRAW_EMAIL = "withdraw_email"
    WITHDRAW_SMS = "withdraw_sms"
    ALARM = "alarm"


class Proof(StrEnum):
    """What an event says of a delivery that was uncertain: whether the provider had taken the message."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


_PROVES: Final = {
    EventWord.TAKEN: Proof.ACCEPTED,
    EventWord.DELIVERED: Proof.ACCEPTED,
    EventWord.DEFERRED: Proof.ACCEPTED,
    EventWord.BOUNCED: Proof.ACCEPTED,
    EventWord.BLOCKED: Proof.ACCEPTED,
    EventWord.UNDELIVERED: Proof.ACCEPTED,
    EventWord.EXPIRED: Proof.ACCEPTED,
    EventWord.COMPLAINED: Proof.ACCEPTED,
    EventWord.OPENED: Proof.ACCEPTED,
    EventWord.CLICKED: Proof.ACCEPTED,
    EventWord.DROPPED: Proof.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a provider told.

    `key` is the same when the provider tells the same thing again; unique together with `provider`. `delivery` is
    our opaque id and `provider_id` the provider's name of the message; either may be empty. `address` is whom the
    consequences concern. `code` is the provider's own code; `raw` all that it said, which is personal data.
    """

    provider: str
    key: str
    word: EventWord
    at: datetime
    delivery: str = ""
    provider_id: str = ""
    address: str = field(default="", repr=False)
    code: str = ""
    asks: frozenset[Consequence] = frozenset()
    raw: str = field(default="", repr=False)

    @property
    def proves(self) -> Proof | None:
        """What this says of a delivery whose outcome was unknown; None: nothing."""
        return _PROVES.get(self.word)
