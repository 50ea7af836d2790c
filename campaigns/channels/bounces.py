"""Mail about our mail: delivery reports (RFC 3464) and complaints (RFC 5965) become events.

Nothing here answers a mail (E-06), and a report has consequences only when it names a delivery of ours: anybody can
write one about anybody's address. Nobody signs it, so a complaint does no more than the links in the message that it is
about: it ends marketing by e-mail, which its member can allow again, and closes no address for good.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from hashlib import sha256
from itertools import islice
from typing import Final

from campaigns.channels.events import Consequence, Event, EventWord
from campaigns.channels.smtp_status import bounce, telling_code

PROVIDER: Final = "smtp"
_MOST: Final = 20  # readers that one report tells about; ours go to one each

_Meaning = tuple[EventWord, frozenset[Consequence]]
_NOTHING: Final = frozenset[Consequence]()

_ACTIONS: Final[Mapping[str, EventWord]] = {
    "delayed": EventWord.DEFERRED,
    "delivered": EventWord.DELIVERED,
    "relayed": EventWord.DELIVERED,
    "expanded": EventWord.DELIVERED,
}
_COMPLAINTS: Final[Mapping[str, _Meaning]] = {
    "abuse": (EventWord.COMPLAINED, frozenset({Consequence.WITHDRAW_EMAIL})),
    "opt-out": (EventWord.UNSUBSCRIBED, frozenset({Consequence.WITHDRAW_EMAIL})),
    "fraud": (EventWord.COMPLAINED, frozenset({Consequence.ALARM})),
    "virus": (EventWord.COMPLAINED, frozenset({Consequence.ALARM})),
}


def events_of(raw: bytes, to: str, at: datetime) -> list[Event]:
    """The events of one mail that came to the envelope address `to` at a moment; none when it is no report."""
    mail = message_from_bytes(raw, policy=policy.default)
    parts = {part.get_content_type(): part for part in mail.walk()}
    delivery = opaque_id_of(to) or _named_by_original(parts)
    name = sha256(raw).hexdigest()
    events = []
    text = raw.decode("utf-8", "replace")
    for number, (address, code, (word, asks)) in enumerate(islice(_told(parts), _MOST)):
        event = Event(
            provider=PROVIDER,
            key=f"{name}:{number}",
            word=word,
            at=at,
            delivery=delivery,
            address=address,
            code=code,
            asks=asks if delivery else _NOTHING,
            raw=text,
        )
        events.append(event)
    return events


def _told(parts: Mapping[str, Message]) -> Iterator[tuple[str, str, _Meaning]]:
    """Address, code and meaning of each thing that a report tells."""
    if "message/delivery-status" in parts:
        yield from map(_delivery, _blocks(parts["message/delivery-status"])[1:])  # the first is of the mail itself
    if "message/feedback-report" in parts:
        yield from map(_complaint, _blocks(parts["message/feedback-report"])[:1])


def _blocks(part: Message) -> list[Message]:
    """The groups of fields in a report; `email` parses those of a delivery status by itself."""
    content = part.get_payload()
    if isinstance(content, list):
        return [each for each in content if isinstance(each, Message) and each.keys()]
    return [message_from_bytes(str(content).encode(), policy=policy.default)]


def _delivery(block: Message) -> tuple[str, str, _Meaning]:
    address = _after_type(block.get("Final-Recipient", "")) or _after_type(block.get("Original-Recipient", ""))
    code = telling_code(str(block.get("Status", "")), str(block.get("Diagnostic-Code", "")))
    action = str(block.get("Action", "")).strip().lower()
    if action == "failed":
        return address, code, (EventWord.EXPIRED, _NOTHING) if code.startswith("4") else bounce(code)
    return address, code, (_ACTIONS.get(action, EventWord.UNKNOWN), _NOTHING)


def _complaint(block: Message) -> tuple[str, str, _Meaning]:
    kind = str(block.get("Feedback-Type", "")).strip().lower()
    address = str(block.get("Original-Rcpt-To", "")).strip().strip("<>")
    return address, kind, _COMPLAINTS.get(kind, (EventWord.UNKNOWN, _NOTHING))


def _after_type(value: object) -> str:
    """The address of `rfc822; someone@example.org`."""
    return str(value).partition(";")[2].strip().strip("<>")


def _named_by_original(parts: Mapping[str, Message]) -> str:
    """Our opaque id from the mail that came back, whose Message-ID begins with it (E-09)."""
    headers = parts.get("text/rfc822-headers")
    original: Message | None = parts.get("message/rfc822")
    if isinstance(headers, EmailMessage):
        original = message_from_bytes(headers.get_content().encode(), policy=policy.default)
    elif original is not None:
        content = original.get_payload()
        original = content[0] if isinstance(content, list) and isinstance(content[0], Message) else None
    local = str(original.get("Message-ID", "") if original is not None else "").strip().strip("<>").partition("@")[0]
    return local if local.isascii() and local.isalnum() else ""


_NAMED: Final = re.compile(r"[^\s@+]+\+([A-Za-z0-9]{1,64})@[^\s@]+")


def verp(bounces: str, opaque_id: str) -> str:
    """The address of one delivery's bounces: `bounces@example.org` becomes `bounces+<opaque id>@example.org`."""
    local, _, domain = bounces.rpartition("@")
    return f"{local}+{opaque_id}@{domain}"


def opaque_id_of(address: str) -> str:
    """The opaque id in a return address, or an empty text."""
    found = _NAMED.fullmatch(address.strip().strip("<>"))
    return found[1] if found else ""
