"""Faults by enhanced status code (RFC 3463, RFC 7372 and the codes of mailbox providers)."""

import re
from enum import StrEnum
from typing import Final

from campaigns.channels.events import EventAction, EventKind

_CODE: Final = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


class SmtpFault(StrEnum):
    """Cause of a permanent failure."""

    ADDRESS = "address"
    MAILBOX = "mailbox"
    SIZE = "size"
    SENDER = "sender"
    POLICY = "policy"
    UNCLEAR = "unclear"


_FAULTS: Final = {
    **{f"5.7.{detail}": SmtpFault.SENDER for detail in (20, 21, 22, 23, 24, 25, 26, 27)},  # DKIM, SPF, reverse DNS
    **{f"5.7.{detail}": SmtpFault.SENDER for detail in (0, 8, 9, 11, 14)},  # AUTH, encryption, trust
    "5.7.509": SmtpFault.SENDER,  # Microsoft: DMARC of the sending domain
    "5.7.515": SmtpFault.SENDER,  # Microsoft: SPF, DKIM or DMARC is missing for a bulk sender (DL-07)
    "5.1.7": SmtpFault.SENDER,  # bad sender's mailbox address syntax
    "5.1.8": SmtpFault.SENDER,  # bad sender's system address
    "5.1.9": SmtpFault.UNCLEAR,  # message relayed to non-compliant mailer
    "5.2.3": SmtpFault.SIZE,
    "5.3.4": SmtpFault.SIZE,
    "5.7.2": SmtpFault.UNCLEAR,  # a mailing list that does not accept our mail
    "5.7.17": SmtpFault.ADDRESS,  # RFC 7293: the mailbox changed hands
}
_CLASSES: Final = {
    "5.1": SmtpFault.ADDRESS,
    "5.2": SmtpFault.MAILBOX,
    "5.7": SmtpFault.POLICY,  # reputation, content, a recipient who blocked us: says nothing about the address
}

# Meaning of a bounce reported later: only one that blames the address suppresses it (SG-13, DL-07)
_BOUNCES: Final = {
    SmtpFault.ADDRESS: (EventKind.BOUNCED, frozenset({EventAction.SUPPRESS_BOUNCED})),
    SmtpFault.MAILBOX: (EventKind.BOUNCED, frozenset[EventAction]()),
    SmtpFault.SIZE: (EventKind.BLOCKED, frozenset[EventAction]()),
    SmtpFault.SENDER: (EventKind.BLOCKED, frozenset({EventAction.ALARM})),
    SmtpFault.POLICY: (EventKind.BLOCKED, frozenset[EventAction]()),
    SmtpFault.UNCLEAR: (EventKind.BOUNCED, frozenset[EventAction]()),
}


HALTING_CODES: Final = ("5.7.515",)
"""Codes that halt the campaign at their first occurrence: the server no longer accepts our messages (DL-07)."""


def enhanced_code(text: str) -> str:
    """Return the first enhanced status code in a reply's text, or an empty text."""
    match = _CODE.search(text)
    return match[1] if match else ""


def most_specific_code(status: str, diagnostic: str) -> str:
    """Return the more specific code: many servers report 5.0.0 and give the actual code in the diagnostic."""
    code = enhanced_code(status)
    return code if code and not code.endswith(".0.0") else enhanced_code(diagnostic) or code


def fault_of(code: str) -> SmtpFault:
    """Return the fault of a permanent failure; UNCLEAR without a code, or with one of another class."""
    return _FAULTS.get(code) or _CLASSES.get(code.rpartition(".")[0]) or SmtpFault.UNCLEAR


def classify_bounce(code: str) -> tuple[EventKind, frozenset[EventAction]]:
    """Return the event kind and the actions of a bounce with this enhanced code."""
    return _BOUNCES[fault_of(code)]
