"""Ingest of provider events: each stored once with its effects, in one transaction. Replay and order change nothing."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from audiences.consent.choices import consent_state_of
from audiences.consent.suppressions import suppression_value
from campaigns.channels.events import Event, EventAction, EventKind
from campaigns.core.model.enums import Choice
from campaigns.core.tokens import InvalidTokenError, Signer
from campaigns.results.feedback.apply_events import address_kind, apply_event
from campaigns.store.runs import delivery_events as stored_events
from campaigns.store.runs.delivery_events import DeliveryKey

MAX_BATCH_SIZE: Final = 250
"""Maximum number of events per transaction: keeps it under 100 ms."""

_LOG: Final = logging.getLogger("viesti")
_MAX_RAW_LENGTH: Final = 64 * 1024
_TRACKING_EVENTS: Final = frozenset({EventKind.OPENED, EventKind.CLICKED})


@dataclass(frozen=True, slots=True)
class IngestResult:
    """Number of events that were new, and of those known before or not ours to store."""

    new: int
    skipped: int


def ingest(connection: Connection, signer: Signer, events: Sequence[Event], now: datetime) -> IngestResult:
    """Store new events, settle deliveries by them, and apply their effects.

    Opens and clicks are stored only with tracking consent.
    """
    new = _new(connection, events)
    places = [(event, _place(signer, event.delivery)) for event in new]
    deliveries = stored_events.find_deliveries(connection, [place for _, place in places if place is not None])
    pairs = [(event, None if place is None else deliveries.get(place)) for event, place in places]
    pairs = [(event, delivery) for event, delivery in pairs if _may_keep(connection, event, delivery)]
    stored_events.store_events(connection, [_row(event, delivery, now) for event, delivery in pairs])
    settled = (delivery for event, delivery in pairs if delivery is not None and event.evidence is not None)
    stored_events.resolve_uncertain(
        connection, [(delivery["run_number"], delivery["position"]) for delivery in settled]
    )
    for event, delivery in pairs:
        apply_event(connection, event, delivery, now)
        if EventAction.ALARM in event.actions:
            _LOG.warning("%s: %s %s: look at its console", event.provider, event.kind, event.code or "without a code")
    return IngestResult(len(pairs), len(events) - len(pairs))


def _new(connection: Connection, events: Iterable[Event]) -> list[Event]:
    by_provider: dict[str, dict[str, Event]] = {}
    for event in events:
        by_provider.setdefault(event.provider, {}).setdefault(_storable(event.key), event)
    new: list[Event] = []
    for provider, by_key in by_provider.items():
        unknown = stored_events.unknown_keys(connection, provider, by_key.keys())
        new += [event for key, event in by_key.items() if key in unknown]
    return new


def _place(signer: Signer, name: str) -> DeliveryKey | None:
    try:
        delivery = signer.read_delivery_reference(name)
    except InvalidTokenError:
        return None
    return delivery.run_number, delivery.position


def _may_keep(connection: Connection, event: Event, delivery: Mapping[str, Any] | None) -> bool:
    if event.kind not in _TRACKING_EVENTS:
        return True
    return delivery is not None and Choice.TRACKING in consent_state_of(connection, delivery["member_id"]).on


def _row(event: Event, delivery: Mapping[str, Any] | None, now: datetime) -> Mapping[str, Any]:
    row = {
        "provider": event.provider,
        "key": _storable(event.key),
        "word": event.kind.value,
        "at": event.at,
        "received_at": now,
        "provider_ref": _storable(event.provider_id),
        "code": _storable(event.code),
        "proves": None if event.evidence is None else event.evidence.value,
        "raw": _storable(event.raw[:_MAX_RAW_LENGTH]),
    }
    if delivery is None:
        place = {"run_number": None, "position": None, "member_id": None}
        return {**row, **place, "address": suppression_value(address_kind(event, None), event.address)}
    return {**row, **{name: delivery[name] for name in ("run_number", "position", "member_id")}}


def _storable(text: str) -> str:
    """Return a text that every database accepts: NUL and lone surrogates are removed."""
    return text if text.isascii() and "\0" not in text else text.encode("utf-8", "replace").decode().replace("\0", "")
