"""SendGrid's Event Webhook: signature check, and events from its payloads (SG-11 to SG-13)."""

import json
import re
from base64 import b64decode
from binascii import Error
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from campaigns.channels.events import Event, EventAction, EventKind
from campaigns.channels.smtp_status import classify_bounce, most_specific_code

SENDGRID_PROVIDER: Final = "sendgrid"
SIGNATURE_HEADER: Final = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP_HEADER: Final = "X-Twilio-Email-Event-Webhook-Timestamp"
PUBLIC_KEY_VARIABLE: Final = "SENDGRID_WEBHOOK_PUBLIC_KEY"
_SECONDS: Final = re.compile(r"[0-9]{1,12}")
_MAX_AGE: Final = timedelta(minutes=10)  # the timestamp is the POST's own, so a repeated POST carries a new one

_Actions = frozenset[EventAction]
_NOTHING: Final[_Actions] = frozenset()

_WORDS: Final = {
    "processed": EventKind.TAKEN,
    "delivered": EventKind.DELIVERED,
    "deferred": EventKind.DEFERRED,
    "bounce": EventKind.BOUNCED,
    "blocked": EventKind.BLOCKED,
    "dropped": EventKind.DROPPED,
    "spamreport": EventKind.COMPLAINED,
    "unsubscribe": EventKind.UNSUBSCRIBED,
    "group_unsubscribe": EventKind.UNSUBSCRIBED,
    "group_resubscribe": EventKind.RESUBSCRIBED,
    "open": EventKind.OPENED,
    "click": EventKind.CLICKED,
}

_COMPLAINT: Final[_Actions] = frozenset({EventAction.SUPPRESS_COMPLAINED, EventAction.WITHDRAW_EMAIL})
_ACTIONS: Final[Mapping[EventKind, _Actions]] = {
    EventKind.COMPLAINED: _COMPLAINT,
    EventKind.UNSUBSCRIBED: frozenset({EventAction.WITHDRAW_EMAIL}),
    # RESUBSCRIBED has no action: only the member's own choice with us gives a permission back
}

# SendGrid's reasons for dropping a message: mostly its own suppression lists, which ours has to follow
_DROPPED: Final[Mapping[str, _Actions]] = {
    "unsubscribed address": frozenset({EventAction.WITHDRAW_EMAIL}),
    "bounced address": frozenset({EventAction.SUPPRESS_BOUNCED}),
    "spam reporting address": _COMPLAINT,
    "invalid": frozenset({EventAction.SUPPRESS_INVALID}),
    "spam content (if spam checker app enabled)": frozenset({EventAction.ALARM}),
    "recipient list over package quota": frozenset({EventAction.ALARM}),
}


@dataclass(frozen=True)
class WebhookKey:
    """Public key for webhook signatures, shown in SendGrid's webhook settings."""

    key: EllipticCurvePublicKey = field(repr=False)

    @classmethod
    def from_base64(cls, encoded: str) -> Self:
        """Return the key from its base64 form; ValueError when it is none."""
        try:
            key = load_der_public_key(b64decode(encoded, validate=True))
        except (Error, ValueError) as error:
            raise ValueError(f"{PUBLIC_KEY_VARIABLE} is not a public key in base64") from error
        if not isinstance(key, EllipticCurvePublicKey):
            raise ValueError(f"{PUBLIC_KEY_VARIABLE} is not an elliptic curve key")  # noqa: TRY004 - a wrong setting
        return cls(key)

    def verify(self, raw: bytes, signature: str, timestamp: str, now: datetime) -> bool:
        """Return whether `raw`, the body as received, was signed with this timestamp less than 10 minutes ago."""
        if not _SECONDS.fullmatch(timestamp):
            return False
        if abs(now.timestamp() - int(timestamp)) > _MAX_AGE.total_seconds():
            return False
        try:
            self.key.verify(b64decode(signature, validate=True), timestamp.encode() + raw, ECDSA(SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


def parse_events(raw: bytes, unreadable: list[object] | None = None) -> list[Event]:
    """Return the events of one POST whose signature was checked; ValueError when it is no list of events.

    Entries that are no events are appended to `unreadable`; they cost the others nothing. A list of nothing else is
    no list of events.
    """
    payloads = json.loads(raw)
    if not isinstance(payloads, list):
        raise ValueError("a list of events was wanted")  # noqa: TRY004 - the content of a request, not a type of ours
    reports = [payload for payload in payloads if isinstance(payload, dict)]
    if payloads and not reports:
        raise ValueError("a list of events was wanted")
    if unreadable is not None:
        unreadable += [payload for payload in payloads if not isinstance(payload, dict)]
    return [_event(report) for report in reports]


def _event(payload: Mapping[str, Any]) -> Event:
    raw = json.dumps(payload, ensure_ascii=False, sort_keys=True)
    word, actions = _meaning(payload)
    return Event(
        provider=SENDGRID_PROVIDER,
        key=_text(payload, "sg_event_id") or sha256(raw.encode("utf-8", "surrogatepass")).hexdigest(),
        kind=word,
        at=_instant(payload.get("timestamp")),
        delivery=_text(payload, "delivery"),
        provider_id=_text(payload, "sg_message_id").partition(".")[0],  # the part before the point is X-Message-Id
        address=_text(payload, "email"),
        code=_code(payload),
        actions=actions,
        raw=raw,
    )


def _meaning(payload: Mapping[str, Any]) -> tuple[EventKind, _Actions]:
    word = _WORDS.get(_text(payload, "event"), EventKind.UNKNOWN)
    match word:
        case EventKind.BOUNCED:
            return _bounce(payload)
        case EventKind.DROPPED:
            return word, _DROPPED.get(_text(payload, "reason").lower(), _NOTHING)
        case _:
            return word, _ACTIONS.get(word, _NOTHING)


def _bounce(payload: Mapping[str, Any]) -> tuple[EventKind, _Actions]:
    word, actions = classify_bounce(_code(payload))
    if _text(payload, "type") == "blocked":  # SendGrid tries this address again, so we may as well
        return EventKind.BLOCKED, actions - {EventAction.SUPPRESS_BOUNCED}
    return word, actions


def _code(payload: Mapping[str, Any]) -> str:
    status = _text(payload, "status")
    return most_specific_code(status, _text(payload, "reason")) or status


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    return value if isinstance(value, str) else ""


def _instant(value: object) -> datetime:
    """Return the moment of a Unix time; the epoch for an invalid one, so that the event is not lost."""
    try:
        return datetime.fromtimestamp(float(str(value)), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
