"""Twilio's webhooks: signature check, and events from callbacks and replies (TW-06 to TW-09, TW-13, TW-14)."""

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from twilio.request_validator import RequestValidator

from campaigns.channels.events import Event, EventAction, EventKind
from campaigns.channels.sms_keywords import classify_reply
from campaigns.channels.twilio_errors import UNDELIVERED_CODES

TWILIO_PROVIDER: Final = "twilio"
SIGNATURE_HEADER: Final = "X-Twilio-Signature"

TwilioForm = Mapping[str, Sequence[str]]

_WORDS: Final = {
    "accepted": EventKind.TAKEN,
    "scheduled": EventKind.TAKEN,
    "queued": EventKind.TAKEN,
    "sending": EventKind.TAKEN,
    "sent": EventKind.TAKEN,
    "delivered": EventKind.DELIVERED,
    "read": EventKind.DELIVERED,
    "partially_delivered": EventKind.UNDELIVERED,
    "undelivered": EventKind.UNDELIVERED,
    "failed": EventKind.UNDELIVERED,
    "canceled": EventKind.DROPPED,
}
_UNKNOWN_CODE: Final = (EventKind.UNDELIVERED, frozenset({EventAction.ALARM}))


class _Fields(dict[str, Sequence[str]]):
    """Form with repeatable fields, in the shape that Twilio's validator reads."""

    def getlist(self, name: str) -> Sequence[str]:
        return self[name]


def verify_signature(token: str, url: str, form: TwilioForm, signature: str) -> bool:
    """Return whether Twilio signed a POST of this form to this URL: the public one with its query, as configured."""
    validator, fields = RequestValidator(token), _Fields(form)
    exact = validator.compute_signature(url, fields)  # usual case; `validate` also tries the URL with and without port
    return bool(token) and (
        hmac.compare_digest(exact.encode(), signature.encode()) or bool(validator.validate(url, fields, signature))
    )


def status_event(form: TwilioForm, delivery: str, at: datetime) -> Event:
    """Return the event of a status callback received at `at`. `delivery` is our opaque id from the callback URL.

    A message has several statuses under one id, so the key holds both.
    """
    sid, status, code = (_first(form, name) for name in ("MessageSid", "MessageStatus", "ErrorCode"))
    word, actions = _meaning(status, code)
    return Event(
        provider=TWILIO_PROVIDER,
        key=f"{sid}:{status}",
        kind=word,
        at=at,
        delivery=delivery,
        provider_id=sid,
        address=_first(form, "To"),
        code=code,
        actions=actions,
        raw=_raw(form),
    )


def reply_event(form: TwilioForm, at: datetime) -> Event:
    """Return the event of a member's reply. Only STOP has an action: START grants nothing (TW-07)."""
    word = classify_reply(_first(form, "Body"))
    # `OptOutType`: Twilio's Advanced Opt-Out has its own keywords
    is_opt_out = word is EventKind.UNSUBSCRIBED or _first(form, "OptOutType") == "STOP"
    sid = _first(form, "MessageSid")
    return Event(
        provider=TWILIO_PROVIDER,
        key=sid,
        kind=EventKind.UNSUBSCRIBED if is_opt_out else word,
        at=at,
        provider_id=sid,
        address=_first(form, "From"),
        actions=frozenset({EventAction.WITHDRAW_SMS}) if is_opt_out else frozenset(),
        raw=_raw(form),
    )


def _meaning(status: str, code: str) -> tuple[EventKind, frozenset[EventAction]]:
    word = _WORDS.get(status, EventKind.UNKNOWN)
    if word is not EventKind.UNDELIVERED or not code:
        return word, frozenset()
    return UNDELIVERED_CODES.get(int(code), _UNKNOWN_CODE) if code.isascii() and code.isdigit() else _UNKNOWN_CODE


def _first(form: TwilioForm, name: str) -> str:
    return next(iter(form.get(name, ())), "")


def _raw(form: TwilioForm) -> str:
    return json.dumps({name: list(values) for name, values in form.items()}, ensure_ascii=False, sort_keys=True)
