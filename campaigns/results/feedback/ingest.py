"""Events heard: each kept once, with all that follows from it, in one transaction. Replay and order change nothing."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from audiences.consent.choices import stance_of
from audiences.consent.suppressions import suppression_value
from campaigns.channels.events import Consequence, Event, EventWord
from campaigns.core.model.enums import Choice
from campaigns.core.tokens import BadToken, Signer
from campaigns.results.feedback.apply_events import follow, kind_of
from campaigns.store.runs import delivery_events as kept_events
from campaigns.store.runs.delivery_events import Place

AT_ONCE: Final = 250
"""The most events that one transaction hears: it stays under 100 ms."""

_LOG: Final = logging.getLogger("viesti")
_LONGEST: Final = 64 * 1024
_WATCHED: Final = frozenset({EventWord.OPENED, EventWord.CLICKED})


@dataclass(frozen=True, slots=True)
class Heard:
    """How many events were new, and how many had been heard before or are not for us to keep."""

    kept: int
    passed_over: int


def hear(connection: Connection, signer: Signer, told: Sequence[Event], now: datetime) -> Heard:
    """Keep those events that are new, settle deliveries by them, and do what they ask for.

    What members opened or clicked is kept only with their consent to tracking.
    """
    new = _new(connection, told)
    named = [(event, _place(signer, event.delivery)) for event in new]
    deliveries = kept_events.sends(connection, [place for _, place in named if place is not None])
    about = [(event, None if place is None else deliveries.get(place)) for event, place in named]
    about = [(event, delivery) for event, delivery in about if _may_keep(connection, event, delivery)]
    kept_events.keep(connection, [_row(event, delivery, now) for event, delivery in about])
    proven = (delivery for event, delivery in about if delivery is not None and event.proves is not None)
    kept_events.settle(connection, [(delivery["run_number"], delivery["position"]) for delivery in proven])
    for event, delivery in about:
        follow(connection, event, delivery, now)
        if Consequence.ALARM in event.asks:
            _LOG.warning("%s: %s %s: look at its console", event.provider, event.word, event.code or "without a code")
    return Heard(len(about), len(told) - len(about))


def _new(connection: Connection, told: Iterable[Event]) -> list[Event]:
    by_provider: dict[str, dict[str, Event]] = {}
    for event in told:
        by_provider.setdefault(event.provider, {}).setdefault(_storable(event.key), event)
    new: list[Event] = []
    for provider, events in by_provider.items():
        unknown = kept_events.unknown(connection, provider, events.keys())
        new += [event for key, event in events.items() if key in unknown]
    return new


def _place(signer: Signer, name: str) -> Place | None:
    try:
        named = signer.delivery_named(name)
    except BadToken:
        return None
    return named.run_number, named.position


def _may_keep(connection: Connection, event: Event, delivery: Mapping[str, Any] | None) -> bool:
    if event.word not in _WATCHED:
        return True
    return delivery is not None and Choice.TRACKING in stance_of(connection, delivery["member_id"]).on


def _row(event: Event, delivery: Mapping[str, Any] | None, now: datetime) -> Mapping[str, Any]:
    row = {
        "provider": event.provider,
        "key": _storable(event.key),
        "word": event.word.value,
        "at": event.at,
        "received_at": now,
        "provider_ref": _storable(event.provider_id),
        "code": _storable(event.code),
        "proves": None if event.proves is None else event.proves.value,
        "raw": _storable(event.raw[:_LONGEST]),
    }
    if delivery is None:
        place = {"run_number": None, "position": None, "member_id": None}
        return {**row, **place, "address": suppression_value(kind_of(event, None), event.address)}
    return {**row, **{name: delivery[name] for name in ("run_number", "position", "member_id")}}


def _storable(text: str) -> str:
    """A text as every database takes it: what strangers write may hold NUL and halves of characters."""
    return text if text.isascii() and "\0" not in text else text.encode("utf-8", "replace").decode().replace("\0", "")
