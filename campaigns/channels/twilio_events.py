"""Twilio's webhooks: whether it is Twilio that speaks, and what it says in our words (TW-06 to TW-09, TW-13, TW-14)."""

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from twilio.request_validator import RequestValidator

from campaigns.channels.events import Consequence, Event, EventWord
from campaigns.channels.sms_keywords import meaning_of
from campaigns.channels.twilio_errors import TOLD

PROVIDER: Final = "twilio"
SIGNATURE: Final = "X-Twilio-Signature"

Form = Mapping[str, Sequence[str]]

_WORDS: Final = {
    "accepted": EventWord.TAKEN,
    "scheduled": EventWord.TAKEN,
    "queued": EventWord.TAKEN,
    "sending": EventWord.TAKEN,
    "sent": EventWord.TAKEN,
    "delivered": EventWord.DELIVERED,
    "read": EventWord.DELIVERED,
    "partially_delivered": EventWord.UNDELIVERED,
    "undelivered": EventWord.UNDELIVERED,
    "failed": EventWord.UNDELIVERED,
    "canceled": EventWord.DROPPED,
}
_UNKNOWN_CODE: Final = (EventWord.UNDELIVERED, frozenset({Consequence.ALARM}))


class _Fields(dict[str, Sequence[str]]):
    """A form as the validator reads one whose fields may occur twice."""

    def getlist(self, name: str) -> Sequence[str]:
        return self[name]


def vouched_for(token: str, url: str, form: Form, signature: str) -> bool:
    """Whether Twilio signed a POST of this form to this URL: the public one, with its query, as Twilio was told it."""
    validator, fields = RequestValidator(token), _Fields(form)
    exact = validator.compute_signature(url, fields)  # as a rule; `validate` also tries the URL with and without a port
    return bool(token) and (
        hmac.compare_digest(exact.encode(), signature.encode()) or bool(validator.validate(url, fields, signature))
    )


def status_event(form: Form, delivery: str, at: datetime) -> Event:
    """What a status callback told at a moment. `delivery` is our opaque id, from the URL that was called.

    A message has several statuses under one name: the key is of both.
    """
    sid, status, code = (_first(form, name) for name in ("MessageSid", "MessageStatus", "ErrorCode"))
    word, asks = _meaning(status, code)
    return Event(
        provider=PROVIDER,
        key=f"{sid}:{status}",
        word=word,
        at=at,
        delivery=delivery,
        provider_id=sid,
        address=_first(form, "To"),
        code=code,
        asks=asks,
        raw=_raw(form),
    )


def reply_event(form: Form, at: datetime) -> Event:
    """What a member answered. Only STOP has a consequence: START grants nothing (TW-07)."""
    word = meaning_of(_first(form, "Body"))
    stops = word is EventWord.UNSUBSCRIBED or _first(form, "OptOutType") == "STOP"  # Advanced Opt-Out has its own words
    sid = _first(form, "MessageSid")
    return Event(
        provider=PROVIDER,
        key=sid,
        word=EventWord.UNSUBSCRIBED if stops else word,
        at=at,
        provider_id=sid,
        address=_first(form, "From"),
        asks=frozenset({Consequence.WITHDRAW_SMS}) if stops else frozenset(),
        raw=_raw(form),
    )


def _meaning(status: str, code: str) -> tuple[EventWord, frozenset[Consequence]]:
    word = _WORDS.get(status, EventWord.UNKNOWN)
    if word is not EventWord.UNDELIVERED or not code:
        return word, frozenset()
    return TOLD.get(int(code), _UNKNOWN_CODE) if code.isascii() and code.isdigit() else _UNKNOWN_CODE


def _first(form: Form, name: str) -> str:
    return next(iter(form.get(name, ())), "")


def _raw(form: Form) -> str:
    return json.dumps({name: list(values) for name, values in form.items()}, ensure_ascii=False, sort_keys=True)
