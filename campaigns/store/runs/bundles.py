"""Bundles of letters and calls: a number for each, never reused, and its state."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from sqlalchemy import ColumnElement, Connection, exists, func, insert, select, update

from campaigns.core.model.enums import Channel
from campaigns.store.runs.deliveries import with_state
from campaigns.store.runs.run_tables import BUNDLE, DELIVERY, RUN
from campaigns.store.runs.states import BundleState, DeliveryState, RunState


@dataclass(frozen=True, slots=True)
class NumberedBundle:
    """Numbered bundle of a run and channel. `sha256` is the hash of its manifest, once it is committed."""

    run_number: int
    channel: Channel
    number: int
    attempt: str
    sha256: str | None = None

    def with_hash(self, sha256: str) -> Self:
        """Return the bundle with the hash of its manifest."""
        return replace(self, sha256=sha256)


def open_bundle(connection: Connection, run_number: int, channel: Channel, attempt: str) -> NumberedBundle:
    """Reserve the next number for the rows of an attempt; concurrent bundles get other numbers."""
    last = select(func.coalesce(func.max(BUNDLE.c.sequence), 0)).where(*_of(run_number, channel))
    number = connection.execute(last).scalar_one() + 1
    connection.execute(
        insert(BUNDLE).values(
            run_number=run_number, channel=channel, sequence=number, attempt=attempt, state=BundleState.OPEN
        )
    )
    return NumberedBundle(run_number, channel, number, attempt)


def commit(connection: Connection, bundle: NumberedBundle, sha256: str, now: datetime) -> None:
    """Store the hash of the manifest; the caller marks the rows in the same transaction."""
    _set_state(connection, bundle, BundleState.COMMITTED, manifest_sha256=sha256, handed_over_at=now)


def close(connection: Connection, bundle: NumberedBundle, state: BundleState) -> None:
    """Record that the files have their names, or that nothing of the bundle was handed over."""
    _set_state(connection, bundle, state)


def list_committed(connection: Connection, run_number: int, channel: Channel) -> Sequence[NumberedBundle]:
    """Return the bundles whose rows are accepted and whose files may not have their names yet."""
    return _in_state(connection, run_number, channel, BundleState.COMMITTED)


def cancelled_runs_with_committed(connection: Connection) -> list[str]:
    """Return the ids of cancelled runs that have committed bundles: rows accepted, files not yet named.

    Paused runs are left out, their bundles wait until the run is resumed: the ledger may be a copy (see
    `store.admin.suspend`).
    """
    has_committed = exists().where(BUNDLE.c.run_number == RUN.c.number, BUNDLE.c.state == BundleState.COMMITTED)
    run_ids = select(RUN.c.run_id).where(RUN.c.state == RunState.CANCELLED, has_committed)
    return list(connection.execute(run_ids).scalars())


def list_orphaned(connection: Connection, run_number: int, channel: Channel) -> Sequence[NumberedBundle]:
    """Return open bundles without rows: their process died, and the sweeper released the rows."""
    under_way = with_state(select(DELIVERY.c.position), DeliveryState.SENDING).where(
        DELIVERY.c.run_number == run_number, DELIVERY.c.attempt == BUNDLE.c.attempt
    )
    return _in_state(connection, run_number, channel, BundleState.OPEN, ~under_way.exists())


def _in_state(
    connection: Connection, run_number: int, channel: Channel, state: BundleState, *more: ColumnElement[bool]
) -> Sequence[NumberedBundle]:
    rows = connection.execute(
        select(BUNDLE.c.sequence, BUNDLE.c.attempt, BUNDLE.c.manifest_sha256)
        .where(*_of(run_number, channel), BUNDLE.c.state == state, *more)
        .order_by(BUNDLE.c.sequence)
    )
    return [NumberedBundle(run_number, channel, *row) for row in rows]


def _set_state(connection: Connection, bundle: NumberedBundle, state: BundleState, **values: object) -> None:
    key = (*_of(bundle.run_number, bundle.channel), BUNDLE.c.sequence == bundle.number)
    connection.execute(update(BUNDLE).where(*key).values(state=state, **values))


def _of(run_number: int, channel: Channel) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return BUNDLE.c.run_number == run_number, BUNDLE.c.channel == channel
