"""Meanings of Twilio's error codes (TW-09), in the answer to a send and in later status callbacks."""

from collections.abc import Mapping
from typing import Final

from campaigns.channels.events import EventAction, EventKind
from campaigns.core.model.reasons import EndReason

# This member's number or message: refused for good
REFUSED_CODES: Final[Mapping[int, EndReason]] = {
    21211: EndReason.INVALID_ADDRESS,  # no number
    21214: EndReason.INVALID_ADDRESS,  # cannot be reached
    21217: EndReason.INVALID_ADDRESS,  # does not look like a number
    21614: EndReason.INVALID_ADDRESS,  # not a mobile number
    21408: EndReason.PROVIDER_REJECTED,  # its country is not enabled
    21612: EndReason.PROVIDER_REJECTED,  # no route from our sender to it
    21610: EndReason.PROVIDER_OPT_OUT,  # sent STOP to this sender: an opt-out, never circumvented (TW-08)
    21617: EndReason.TOO_LONG,
    21602: EndReason.TEMPLATE_ERROR,  # no text
}

# Our account, sender or settings: every member would be refused
MISCONFIGURATION_CODES: Final[Mapping[int, str]] = {
    20003: "are TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN right?",
    20005: "the account is not active",
    20404: "is the account right?",
    21212: "the sender is not valid",
    21603: "there is no sender",
    21606: "the sender cannot send text messages",
    21609: "`public_url` cannot be called back",
    21659: "the sender is not a number of this account",
    21660: "the sender belongs to another account",
    21661: "the sender cannot send text messages",
    21703: "the messaging service has no senders",
    21704: "the messaging service has no senders",
    30002: "the account is suspended",
}

# Seconds before the retry: nothing was accepted
RETRY_SECONDS: Final[Mapping[int, float]] = {
    20429: 5.0,  # too many requests: "never processed and always safe to retry" (TW-10)
    21611: 600.0,  # the sender's queue is full
    30001: 600.0,
    63017: 5.0,
}

_ALARM: Final = frozenset({EventAction.ALARM})
_INVALID: Final = frozenset({EventAction.SUPPRESS_INVALID})

# Reasons why an accepted message did not arrive. A code that is not here raises an alarm
UNDELIVERED_CODES: Final[Mapping[int, tuple[EventKind, frozenset[EventAction]]]] = {
    21610: (EventKind.UNSUBSCRIBED, frozenset({EventAction.WITHDRAW_SMS})),
    30001: (EventKind.UNDELIVERED, _ALARM),  # queue overflow
    30002: (EventKind.UNDELIVERED, _ALARM),
    30003: (EventKind.UNDELIVERED, frozenset()),  # switched off or out of reach: perhaps another day
    30004: (EventKind.BLOCKED, frozenset()),
    30005: (EventKind.BOUNCED, _INVALID),  # unknown number
    30006: (EventKind.BOUNCED, _INVALID),  # a landline
    30007: (EventKind.BLOCKED, _ALARM),  # a carrier's spam filter
    30008: (EventKind.UNDELIVERED, frozenset()),  # unknown to Twilio too
    30036: (EventKind.EXPIRED, frozenset()),  # its validity ended in the queue
}
