"""SendGrid's Event Webhook: whether it is SendGrid that speaks, and what it says in our words (SG-11 to SG-13)."""

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

from campaigns.channels.events import Consequence, Event, EventWord
from campaigns.channels.smtp_status import bounce, telling_code

PROVIDER: Final = "sendgrid"
SIGNATURE: Final = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP: Final = "X-Twilio-Email-Event-Webhook-Timestamp"
PUBLIC_KEY: Final = "SENDGRID_WEBHOOK_PUBLIC_KEY"
_SECONDS: Final = re.compile(r"[0-9]{1,12}")
_STALE: Final = timedelta(minutes=10)  # the timestamp is the POST's own, so a repeated POST carries a new one

_Asks = frozenset[Consequence]
_NOTHING: Final[_Asks] = frozenset()

_WORDS: Final = {
    "processed": EventWord.TAKEN,
    "delivered": EventWord.DELIVERED,
    "deferred": EventWord.DEFERRED,
    "bounce": EventWord.BOUNCED,
    "blocked": EventWord.BLOCKED,
    "dropped": EventWord.DROPPED,
    "spamreport": EventWord.COMPLAINED,
    "unsubscribe": EventWord.UNSUBSCRIBED,
    "group_unsubscribe": EventWord.UNSUBSCRIBED,
    "group_resubscribe": EventWord.RESUBSCRIBED,
    "open": EventWord.OPENED,
    "click": EventWord.CLICKED,
}

_COMPLAINT: Final[_Asks] = frozenset({Consequence.SUPPRESS_COMPLAINED, Consequence.WITHDRAW_EMAIL})
_ASKS: Final[Mapping[EventWord, _Asks]] = {
    EventWord.COMPLAINED: _COMPLAINT,
    EventWord.UNSUBSCRIBED: frozenset({Consequence.WITHDRAW_EMAIL}),
    # RESUBSCRIBED asks for nothing: a permission comes back only by the member's own choice with us
}

# Why SendGrid dropped a message: mostly a list of its own, which ours has to learn of
_DROPPED: Final[Mapping[str, _Asks]] = {
    "unsubscribed address": frozenset({Consequence.WITHDRAW_EMAIL}),
    "bounced address": frozenset({Consequence.SUPPRESS_BOUNCED}),
    "spam reporting address": _COMPLAINT,
    "invalid": frozenset({Consequence.SUPPRESS_INVALID}),
    "spam content (if spam checker app enabled)": frozenset({Consequence.ALARM}),
    "recipient list over package quota": frozenset({Consequence.ALARM}),
}


@dataclass(frozen=True)
class EventKey:
    """The public key that SendGrid shows beside the webhook's setting."""

    key: EllipticCurvePublicKey = field(repr=False)

    @classmethod
    def of(cls, written: str) -> Self:
        """The key from its base64 form; ValueError when it is none."""
        try:
            key = load_der_public_key(b64decode(written, validate=True))
        except (Error, ValueError) as error:
            raise ValueError(f"{PUBLIC_KEY} is not a public key in base64") from error
        if not isinstance(key, EllipticCurvePublicKey):
            raise ValueError(f"{PUBLIC_KEY} is not an elliptic curve key")  # noqa: TRY004 - of what was written
        return cls(key)

    def vouches_for(self, raw: bytes, signature: str, timestamp: str, now: datetime) -> bool:
        """Whether these bytes were signed with that timestamp, and just now. `raw` is the body as it came."""
        if not _SECONDS.fullmatch(timestamp):
            return False
        if abs(now.timestamp() - int(timestamp)) > _STALE.total_seconds():
            return False
        try:
            self.key.verify(b64decode(signature, validate=True), timestamp.encode() + raw, ECDSA(SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


def events_of(raw: bytes) -> list[Event]:
    """The events of one POST whose signature was checked; ValueError when it is no list of events."""
    told = json.loads(raw)
    if not isinstance(told, list) or not all(isinstance(each, dict) for each in told):
        raise ValueError("a list of events was wanted")
    return [_event(each) for each in told]


def _event(told: Mapping[str, Any]) -> Event:
    raw = json.dumps(told, ensure_ascii=False, sort_keys=True)
    word, asks = _meaning(told)
    return Event(
        provider=PROVIDER,
        key=_text(told, "sg_event_id") or sha256(raw.encode()).hexdigest(),
        word=word,
        at=_instant(told.get("timestamp")),
        delivery=_text(told, "delivery"),
        provider_id=_text(told, "sg_message_id").partition(".")[0],  # the part before the point is X-Message-Id
        address=_text(told, "email"),
        code=_code(told),
        asks=asks,
        raw=raw,
    )


def _meaning(told: Mapping[str, Any]) -> tuple[EventWord, _Asks]:
    word = _WORDS.get(_text(told, "event"), EventWord.UNKNOWN)
    match word:
        case EventWord.BOUNCED:
            return _bounce(told)
        case EventWord.DROPPED:
            return word, _DROPPED.get(_text(told, "reason").lower(), _NOTHING)
        case _:
            return word, _ASKS.get(word, _NOTHING)


def _bounce(told: Mapping[str, Any]) -> tuple[EventWord, _Asks]:
    word, asks = bounce(_code(told))
    if _text(told, "type") == "blocked":  # SendGrid tries this address again, and so may we
        return EventWord.BLOCKED, asks - {Consequence.SUPPRESS_BOUNCED}
    return word, asks


def _code(told: Mapping[str, Any]) -> str:
    status = _text(told, "status")
    return telling_code(status, _text(told, "reason")) or status


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""


def _instant(value: object) -> datetime:
    """The moment of a Unix time; what cannot be one is the beginning of time, for it must not lose the event."""
    try:
        return datetime.fromtimestamp(float(str(value)), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
