"""Provider events in the ledger: each stored once, found by its delivery, erased with its member."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, or_, select, update

from campaigns.core.model.reasons import EndReason
from campaigns.store.ledger.connection import Ledger, append
from campaigns.store.runs.deliveries import has_state, with_state
from campaigns.store.runs.event_tables import EVENT, HAS_PAYLOAD
from campaigns.store.runs.run_tables import DELIVERY
from campaigns.store.runs.states import DeliveryState

OWN_PROVIDER: Final = "viesti"
"""Provider name of our own events: clicks on tracked links."""

CLICKED: Final = "clicked"
FAILED: Final = ("bounced", "blocked", "dropped", "undelivered", "expired")
"""Events after which a message that the provider had accepted did not reach its member."""

RESOLVED_BY_EVENT: Final = "told by an event"
_COLUMNS: Final = tuple(column.name for column in EVENT.c if column.name != "number")
_AT_ONCE: Final = 1000

DeliveryKey = tuple[int, int]
"""Key of a delivery: run number and position."""


def unknown_keys(connection: Connection, provider: str, keys: Collection[str]) -> set[str]:
    """Return the provider's keys without a stored event; reliable until the write transaction ends."""
    query = select(EVENT.c.key).where(EVENT.c.provider == provider, EVENT.c.key.in_(keys))
    return set(keys) - set(connection.execute(query).scalars())


def store_events(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store events with unknown keys; a column that a row lacks is empty."""
    defaults: dict[str, Any] = {"address": None, "provider_ref": "", "code": "", "proves": None, "raw": ""}
    complete = ({**defaults, **row} for row in rows)
    append(connection, EVENT, _COLUMNS, [[row[name] for name in _COLUMNS] for row in complete])


def record_click(connection: Connection, place: DeliveryKey, member_id: str, link: str, at: datetime) -> None:
    """Store that a member clicked a link of a delivery; `link` is our own name for it.

    The caller has checked the member's tracking consent in the same transaction. Clicks at the same instant are one
    click.
    """
    key = f"{place[0]}:{place[1]}:{link}:{at.isoformat()}"
    if not unknown_keys(connection, OWN_PROVIDER, [key]):
        return
    row = {"provider": OWN_PROVIDER, "key": key, "word": CLICKED, "at": at, "received_at": at, "code": link}
    store_events(connection, [{**row, "run_number": place[0], "position": place[1], "member_id": member_id}])


def find_deliveries(connection: Connection, places: Iterable[DeliveryKey]) -> dict[DeliveryKey, Mapping[str, Any]]:
    """Return the current rows of some deliveries."""
    rows: dict[DeliveryKey, Mapping[str, Any]] = {}
    for run_number, of_run in groupby(sorted(set(places)), itemgetter(0)):
        positions = [position for _, position in of_run]
        query = select(DELIVERY).where(DELIVERY.c.run_number == run_number, DELIVERY.c.position.in_(positions))
        rows |= {(run_number, row["position"]): row for row in connection.execute(query).mappings()}
    return rows


def resolve_uncertain(connection: Connection, places: Iterable[DeliveryKey]) -> int:
    """Resolve uncertain deliveries by the states that their events prove; return the number resolved.

    "Accepted" outweighs "refused", so that the order of arrival does not matter: a delivery that one event refused
    becomes accepted by another.
    """
    resolved = 0
    is_resolvable = or_(
        has_state(DeliveryState.UNCERTAIN), has_state(DeliveryState.REFUSED) & (DELIVERY.c.detail == RESOLVED_BY_EVENT)
    )
    for run_number, of_run in groupby(sorted(set(places)), itemgetter(0)):
        positions = [position for _, position in of_run]
        resolved += _resolve(
            connection, is_resolvable & (DELIVERY.c.run_number == run_number) & DELIVERY.c.position.in_(positions)
        )
    return resolved


def list_provable(connection: Connection) -> list[DeliveryKey]:
    """Return up to 1000 uncertain deliveries that already have a proving event."""
    of_delivery = (EVENT.c.run_number == DELIVERY.c.run_number) & (EVENT.c.position == DELIVERY.c.position)
    query = (
        with_state(select(DELIVERY.c.run_number, DELIVERY.c.position), DeliveryState.UNCERTAIN)
        .join_from(DELIVERY, EVENT, of_delivery)
        .where(EVENT.c.proves.is_not(None))
        .distinct()
        .limit(_AT_ONCE)
    )
    return [(row.run_number, row.position) for row in connection.execute(query)]


def _resolve(connection: Connection, condition: ColumnElement[bool]) -> int:
    of_delivery = (EVENT.c.run_number == DELIVERY.c.run_number) & (EVENT.c.position == DELIVERY.c.position)
    proven = (
        select(
            DELIVERY.c.run_number,
            DELIVERY.c.position,
            func.min(EVENT.c.proves).label("state"),  # "accepted" sorts before "refused"
            func.max(EVENT.c.provider_ref).label("ref"),
        )
        .join_from(DELIVERY, EVENT, of_delivery)
        .where(condition, EVENT.c.proves.is_not(None))
        .group_by(DELIVERY.c.run_number, DELIVERY.c.position)
    )
    rows = connection.execute(proven).all()
    return sum(_set_final_state(connection, (row.run_number, row.position), row.state, row.ref) for row in rows)


def _set_final_state(connection: Connection, place: DeliveryKey, state: str, ref: str) -> int:
    refused = state == DeliveryState.REFUSED
    known = func.coalesce(func.nullif(DELIVERY.c.provider_ref, ""), ref or None)
    changed = connection.execute(
        update(DELIVERY)
        .where(DELIVERY.c.run_number == place[0], DELIVERY.c.position == place[1], DELIVERY.c.state != state)
        .values(
            state=state,
            reason=EndReason.PROVIDER_REJECTED if refused else None,
            detail=RESOLVED_BY_EVENT if refused else None,
            provider_ref=known,
        )
    )
    return changed.rowcount


def count_by_kind(connection: Connection, run_number: int) -> dict[str, int]:
    """Count, by kind of event, the deliveries of a run with at least one such event."""
    once = select(EVENT.c.word, EVENT.c.position).where(EVENT.c.run_number == run_number).distinct().subquery()
    rows = connection.execute(select(once.c.word, func.count()).group_by(once.c.word).order_by(once.c.word))
    return {row[0]: row[1] for row in rows}


def erase_addresses(connection: Connection, addresses: Collection[str]) -> None:
    """Erase addresses and payloads of events about addresses without a known delivery."""
    erased = update(EVENT).where(EVENT.c.address.in_(addresses))
    connection.execute(erased.values(address=None, raw=""))


def remaining_payloads(ledger: Ledger) -> tuple[int, datetime | None]:
    """Return the number of events with a stored payload, and when the oldest was received."""
    query = select(func.count(), func.min(EVENT.c.received_at)).where(HAS_PAYLOAD)
    with ledger.read() as connection:
        number, oldest = connection.execute(query).one()
    return number, oldest


def purge_payloads(ledger: Ledger, before: datetime) -> int:
    """Empty the payloads of events received before a moment; return their number.

    After a crash the next call goes on.
    """
    total = 0
    numbers = select(EVENT.c.number).where(EVENT.c.received_at < before, HAS_PAYLOAD).limit(_AT_ONCE)
    while True:
        with ledger.write() as connection:
            statement = update(EVENT).where(EVENT.c.number.in_(numbers)).values(raw="", address=None)
            changed = connection.execute(statement).rowcount
        if not changed:
            return total
        total += changed
