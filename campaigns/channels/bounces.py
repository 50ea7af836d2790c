"""Events from returned mail: delivery reports (RFC 3464) and complaints (RFC 5965).

No mail is answered here (E-06). Reports are unsigned and anybody can write one about any address, so a report has
consequences only when it names a delivery of ours. A complaint does no more than the links in its message could: it
opts the member out of marketing by e-mail, which the member can allow again, and suppresses no address.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from hashlib import sha256
from itertools import islice
from typing import Final

from campaigns.channels.events import Event, EventAction, EventKind
from campaigns.channels.smtp_status import classify_bounce, most_specific_code

SMTP_PROVIDER: Final = "smtp"
_MAX_RECIPIENTS: Final = 20  # of one report; our messages have one recipient each

_Meaning = tuple[EventKind, frozenset[EventAction]]
_NOTHING: Final = frozenset[EventAction]()

_ACTIONS: Final[Mapping[str, EventKind]] = {
    "delayed": EventKind.DEFERRED,
    "delivered": EventKind.DELIVERED,
    "relayed": EventKind.DELIVERED,
    "expanded": EventKind.DELIVERED,
}
_COMPLAINTS: Final[Mapping[str, _Meaning]] = {
    "abuse": (EventKind.COMPLAINED, frozenset({EventAction.WITHDRAW_EMAIL})),
    "opt-out": (EventKind.UNSUBSCRIBED, frozenset({EventAction.WITHDRAW_EMAIL})),
    "fraud": (EventKind.COMPLAINED, frozenset({EventAction.ALARM})),
    "virus": (EventKind.COMPLAINED, frozenset({EventAction.ALARM})),
}


def parse_report_mail(raw: bytes, to: str, at: datetime) -> list[Event]:
    """Return the events of one mail received at `at` for the envelope address `to`; empty when it is no report."""
    mail = message_from_bytes(raw, policy=policy.default)
    parts = {part.get_content_type(): part for part in mail.walk()}
    delivery = opaque_id_of(to) or _original_opaque_id(parts)
    digest = sha256(raw).hexdigest()
    events = []
    text = raw.decode("utf-8", "replace")
    for number, (address, code, (word, actions)) in enumerate(islice(_reports(parts), _MAX_RECIPIENTS)):
        event = Event(
            provider=SMTP_PROVIDER,
            key=f"{digest}:{number}",
            kind=word,
            at=at,
            delivery=delivery,
            address=address,
            code=code,
            actions=actions if delivery else _NOTHING,
            raw=text,
        )
        events.append(event)
    return events


def _reports(parts: Mapping[str, Message]) -> Iterator[tuple[str, str, _Meaning]]:
    """Yield address, code and meaning of each block of a report."""
    if "message/delivery-status" in parts:
        blocks = _blocks(parts["message/delivery-status"])
        yield from map(_delivery_status, blocks[1:])  # the first describes the mail itself
    if "message/feedback-report" in parts:
        yield from map(_complaint, _blocks(parts["message/feedback-report"])[:1])


def _blocks(part: Message) -> list[Message]:
    """Return the field groups of a report; `email` itself parses those of a delivery status."""
    content = part.get_payload()
    if isinstance(content, list):
        return [block for block in content if isinstance(block, Message) and block.keys()]
    return [message_from_bytes(str(content).encode(), policy=policy.default)]


def _delivery_status(block: Message) -> tuple[str, str, _Meaning]:
    address = _without_type(block.get("Final-Recipient", "")) or _without_type(block.get("Original-Recipient", ""))
    code = most_specific_code(str(block.get("Status", "")), str(block.get("Diagnostic-Code", "")))
    action = str(block.get("Action", "")).strip().lower()
    if action == "failed":
        return address, code, (EventKind.EXPIRED, _NOTHING) if code.startswith("4") else classify_bounce(code)
    return address, code, (_ACTIONS.get(action, EventKind.UNKNOWN), _NOTHING)


def _complaint(block: Message) -> tuple[str, str, _Meaning]:
    kind = str(block.get("Feedback-Type", "")).strip().lower()
    address = str(block.get("Original-Rcpt-To", "")).strip().strip("<>")
    return address, kind, _COMPLAINTS.get(kind, (EventKind.UNKNOWN, _NOTHING))


def _without_type(value: object) -> str:
    """Return the address of a typed field such as `rfc822; someone@example.org`."""
    return str(value).partition(";")[2].strip().strip("<>")


def _original_opaque_id(parts: Mapping[str, Message]) -> str:
    """Return our opaque id from the returned mail; its Message-ID begins with it (E-09)."""
    headers = parts.get("text/rfc822-headers")
    original: Message | None = parts.get("message/rfc822")
    if isinstance(headers, EmailMessage):
        original = message_from_bytes(headers.get_content().encode(), policy=policy.default)
    elif original is not None:
        content = original.get_payload()
        original = content[0] if isinstance(content, list) and isinstance(content[0], Message) else None
    local = str(original.get("Message-ID", "") if original is not None else "").strip().strip("<>").partition("@")[0]
    return local if local.isascii() and local.isalnum() else ""


_VERP_ADDRESS: Final = re.compile(r"[^\s@+]+\+([A-Za-z0-9]{1,64})@[^\s@]+")


def verp_address(bounces: str, opaque_id: str) -> str:
    """Return the bounce address of one delivery: `bounces@example.org` becomes `bounces+<opaque id>@example.org`."""
    local, _, domain = bounces.rpartition("@")
    return f"{local}+{opaque_id}@{domain}"


def opaque_id_of(address: str) -> str:
    """Return the opaque id in a bounce address, or an empty text."""
    match = _VERP_ADDRESS.fullmatch(address.strip().strip("<>"))
    return match[1] if match else ""
