"""Events in the ledger: each kept once, found by its delivery, forgotten with whom it is about."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, or_, select, update

from campaigns.ledger import Ledger, append
from campaigns.spec.reasons import EndReason
from campaigns.store.deliveries import in_state, is_in
from campaigns.store.event_tables import EVENT, SAID
from campaigns.store.tables import DELIVERY
from campaigns.store.words import DeliveryState

OURSELVES: Final = "viesti"
"""The provider of events that nobody told us: clicks that our own links led to us."""

CLICKED: Final = "clicked"
TOLD: Final = "told by an event"
_COLUMNS: Final = tuple(column.name for column in EVENT.c if column.name != "number")
_AT_ONCE: Final = 1000

Place = tuple[int, int]
"""A delivery: its run's number and its position."""


def unknown(connection: Connection, provider: str, keys: Collection[str]) -> set[str]:
    """Those of a provider's keys of which no event is kept; what a write transaction reads stays true."""
    query = select(EVENT.c.key).where(EVENT.c.provider == provider, EVENT.c.key.in_(keys))
    return set(keys) - set(connection.execute(query).scalars())


def keep(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store events whose keys are unknown; a column that a row lacks is empty."""
    blank: dict[str, Any] = {"address": None, "provider_ref": "", "code": "", "proves": None, "raw": ""}
    whole = ({**blank, **row} for row in rows)
    append(connection, EVENT, _COLUMNS, [[row[name] for name in _COLUMNS] for row in whole])


def record_click(connection: Connection, place: Place, member_id: str, link: str, at: datetime) -> None:
    """Keep that a member followed a link of a delivery, `link` being our own name for it.

    The caller has asked whether the member consents to tracking, in this very transaction. A click at the same instant
    is the same click.
    """
    key = f"{place[0]}:{place[1]}:{link}:{at.isoformat()}"
    if not unknown(connection, OURSELVES, [key]):
        return
    row = {"provider": OURSELVES, "key": key, "word": CLICKED, "at": at, "received_at": at, "code": link}
    keep(connection, [{**row, "run_number": place[0], "position": place[1], "member_id": member_id}])


def sends(connection: Connection, places: Iterable[Place]) -> dict[Place, Mapping[str, Any]]:
    """The deliveries at these places, as they stand."""
    found: dict[Place, Mapping[str, Any]] = {}
    for run_number, of_run in groupby(sorted(set(places)), itemgetter(0)):
        positions = [position for _, position in of_run]
        query = select(DELIVERY).where(DELIVERY.c.run_number == run_number, DELIVERY.c.position.in_(positions))
        found |= {(run_number, row["position"]): row for row in connection.execute(query).mappings()}
    return found


def settle(connection: Connection, places: Iterable[Place]) -> int:
    """Say of those deliveries that were uncertain what their events prove; returns how many were settled.

    That a provider had the message outweighs that it dropped it, so that the order of arrival decides nothing: one that
    is refused because of an event becomes accepted by another.
    """
    settled = 0
    told = or_(is_in(DeliveryState.UNCERTAIN), is_in(DeliveryState.REFUSED) & (DELIVERY.c.detail == TOLD))
    for run_number, of_run in groupby(sorted(set(places)), itemgetter(0)):
        positions = [position for _, position in of_run]
        settled += _settle(
            connection, told & (DELIVERY.c.run_number == run_number) & DELIVERY.c.position.in_(positions)
        )
    return settled


def provable(connection: Connection) -> list[Place]:
    """Deliveries that became uncertain after what is told of them had come; some of them, when there are many."""
    of_delivery = (EVENT.c.run_number == DELIVERY.c.run_number) & (EVENT.c.position == DELIVERY.c.position)
    query = (
        in_state(select(DELIVERY.c.run_number, DELIVERY.c.position), DeliveryState.UNCERTAIN)
        .join_from(DELIVERY, EVENT, of_delivery)
        .where(EVENT.c.proves.is_not(None))
        .distinct()
        .limit(_AT_ONCE)
    )
    return [(row.run_number, row.position) for row in connection.execute(query)]


def _settle(connection: Connection, chosen: ColumnElement[bool]) -> int:
    of_delivery = (EVENT.c.run_number == DELIVERY.c.run_number) & (EVENT.c.position == DELIVERY.c.position)
    proven = (
        select(
            DELIVERY.c.run_number,
            DELIVERY.c.position,
            func.min(EVENT.c.proves).label("state"),  # in the order of the alphabet "accepted" comes first
            func.max(EVENT.c.provider_ref).label("ref"),
        )
        .join_from(DELIVERY, EVENT, of_delivery)
        .where(chosen, EVENT.c.proves.is_not(None))
        .group_by(DELIVERY.c.run_number, DELIVERY.c.position)
    )
    rows = connection.execute(proven).all()
    return sum(_conclude(connection, (row.run_number, row.position), row.state, row.ref) for row in rows)


def _conclude(connection: Connection, place: Place, state: str, ref: str) -> int:
    refused = state == DeliveryState.REFUSED
    known = func.coalesce(func.nullif(DELIVERY.c.provider_ref, ""), ref or None)
    changed = connection.execute(
        update(DELIVERY)
        .where(DELIVERY.c.run_number == place[0], DELIVERY.c.position == place[1], DELIVERY.c.state != state)
        .values(
            state=state,
            reason=EndReason.PROVIDER_REJECTED if refused else None,
            detail=TOLD if refused else None,
            provider_ref=known,
        )
    )
    return changed.rowcount


def words(connection: Connection, run_number: int) -> dict[str, int]:
    """Of how many deliveries of a run each word was told, however often."""
    once = select(EVENT.c.word, EVENT.c.position).where(EVENT.c.run_number == run_number).distinct().subquery()
    rows = connection.execute(select(once.c.word, func.count()).group_by(once.c.word).order_by(once.c.word))
    return {row[0]: row[1] for row in rows}


def forget_addresses(connection: Connection, addresses: Collection[str]) -> None:
    """Leave of the events about addresses, of which no delivery is known, that they were."""
    forgotten = update(EVENT).where(EVENT.c.address.in_(addresses))
    connection.execute(forgotten.values(address=None, raw=""))


def said_left(ledger: Ledger) -> tuple[int, datetime | None]:
    """Of how many events the words are kept, and since when."""
    query = select(func.count(), func.min(EVENT.c.received_at)).where(SAID)
    with ledger.read() as connection:
        left, oldest = connection.execute(query).one()
    return left, oldest


def fold(ledger: Ledger, before: datetime) -> int:
    """Empty what was said in events received before a moment; returns of how many. Killed halfway, the next goes on."""
    folded = 0
    some = select(EVENT.c.number).where(EVENT.c.received_at < before, SAID).limit(_AT_ONCE)
    while True:
        with ledger.write() as connection:
            emptied = update(EVENT).where(EVENT.c.number.in_(some)).values(raw="", address=None)
            changed = connection.execute(emptied).rowcount
        if not changed:
            return folded
        folded += changed
