"""Faults by enhanced status code (RFC 3463, RFC 7372 and the codes of mailbox providers)."""

import re
from enum import StrEnum
from typing import Final

from campaigns.channels.events import Consequence, EventWord

_CODE: Final = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


class Fault(StrEnum):
    """Cause of a permanent failure."""

    ADDRESS = "address"
    MAILBOX = "mailbox"
    SIZE = "size"
    SENDER = "sender"
    POLICY = "policy"
    UNCLEAR = "unclear"


_FAULTS: Final = {
    **{f"5.7.{detail}": Fault.SENDER for detail in (20, 21, 22, 23, 24, 25, 26, 27)},  # DKIM, SPF, reverse DNS
    **{f"5.7.{detail}": Fault.SENDER for detail in (0, 8, 9, 11, 14)},  # AUTH, encryption, trust
    "5.7.509": Fault.SENDER,  # Microsoft: DMARC of the sending domain
    "5.7.515": Fault.SENDER,  # Microsoft: SPF, DKIM or DMARC is missing for a bulk sender (DL-07)
    "5.1.7": Fault.SENDER,  # bad sender's mailbox address syntax
    "5.1.8": Fault.SENDER,  # bad sender's system address
    "5.1.9": Fault.UNCLEAR,  # message relayed to non-compliant mailer
    "5.2.3": Fault.SIZE,
    "5.3.4": Fault.SIZE,
    "5.7.2": Fault.UNCLEAR,  # a mailing list that does not accept our mail
    "5.7.17": Fault.ADDRESS,  # RFC 7293: the mailbox changed hands
}
_CLASSES: Final = {
    "5.1": Fault.ADDRESS,
    "5.2": Fault.MAILBOX,
    "5.7": Fault.POLICY,  # reputation, content, a recipient who blocked us: says nothing about the address
}

# Meaning of a bounce reported later: only one that blames the address suppresses it (SG-13, DL-07)
_BOUNCES: Final = {
    Fault.ADDRESS: (EventWord.BOUNCED, frozenset({Consequence.SUPPRESS_BOUNCED})),
    Fault.MAILBOX: (EventWord.BOUNCED, frozenset[Consequence]()),
    Fault.SIZE: (EventWord.BLOCKED, frozenset[Consequence]()),
    Fault.SENDER: (EventWord.BLOCKED, frozenset({Consequence.ALARM})),
    Fault.POLICY: (EventWord.BLOCKED, frozenset[Consequence]()),
    Fault.UNCLEAR: (EventWord.BOUNCED, frozenset[Consequence]()),
}


HALTING: Final = ("5.7.515",)
"""Codes that halt the campaign at their first occurrence: the server no longer accepts our messages (DL-07)."""


def enhanced_code(text: str) -> str:
    """Return the first enhanced status code in a reply's text, or an empty text."""
    match = _CODE.search(text)
    return match[1] if match else ""


def telling_code(status: str, diagnostic: str) -> str:
    """Return the more specific code: many servers report 5.0.0 and give the actual code in the diagnostic."""
    code = enhanced_code(status)
    return code if code and not code.endswith(".0.0") else enhanced_code(diagnostic) or code


def fault_of(code: str) -> Fault:
    """Return the fault of a permanent failure; UNCLEAR without a code, or with one of another class."""
    return _FAULTS.get(code) or _CLASSES.get(code.rpartition(".")[0]) or Fault.UNCLEAR


def bounce(code: str) -> tuple[EventWord, frozenset[Consequence]]:
    """Return the event kind and the actions of a bounce with this enhanced code."""
    return _BOUNCES[fault_of(code)]
