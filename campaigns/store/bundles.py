"""Hand-overs of letters and calls: a number for each, taken once, and how far it came."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from sqlalchemy import ColumnElement, Connection, exists, func, insert, select, update

from campaigns.spec.words import Channel
from campaigns.store.deliveries import in_state
from campaigns.store.tables import BUNDLE, DELIVERY, RUN
from campaigns.store.words import BundleState, DeliveryState, RunState


@dataclass(frozen=True, slots=True)
class Numbered:
    """One hand-over of a run's channel. `sha256` is its manifest's, once it is committed."""

    run_number: int
    channel: Channel
    number: int
    attempt: str
    sha256: str | None = None

    def with_hash(self, sha256: str) -> Self:
        """The same once its manifest is agreed."""
        return replace(self, sha256=sha256)


def open_bundle(connection: Connection, run_number: int, channel: Channel, attempt: str) -> Numbered:
    """Take the next number for the rows of an attempt; whoever else hands over meanwhile has another."""
    last = select(func.coalesce(func.max(BUNDLE.c.sequence), 0)).where(*_of(run_number, channel))
    number = connection.execute(last).scalar_one() + 1
    connection.execute(
        insert(BUNDLE).values(
            run_number=run_number, channel=channel, sequence=number, attempt=attempt, state=BundleState.OPEN
        )
    )
    return Numbered(run_number, channel, number, attempt)


def commit(connection: Connection, bundle: Numbered, sha256: str, now: datetime) -> None:
    """Store the manifest's hash; the caller marks the rows in the same transaction."""
    _move(connection, bundle, BundleState.COMMITTED, manifest_sha256=sha256, handed_over_at=now)


def close(connection: Connection, bundle: Numbered, state: BundleState) -> None:
    """Say that the files have their names, or that nothing of the bundle went."""
    _move(connection, bundle, state)


def committed(connection: Connection, run_number: int, channel: Channel) -> Sequence[Numbered]:
    """Those whose rows are accepted and whose files may not have their names yet."""
    return _in_state(connection, run_number, channel, BundleState.COMMITTED)


def cancelled(connection: Connection) -> list[str]:
    """The runs that were cancelled while files of theirs, whose rows are accepted, waited for their names.

    What is paused is resumed one day, and waits until then: the ledger may be a copy of another (see `store.holding`).
    """
    waits = exists().where(BUNDLE.c.run_number == RUN.c.number, BUNDLE.c.state == BundleState.COMMITTED)
    found = select(RUN.c.run_id).where(RUN.c.state == RunState.CANCELLED, waits)
    return list(connection.execute(found).scalars())


def forsaken(connection: Connection, run_number: int, channel: Channel) -> Sequence[Numbered]:
    """Those that are open and hold no row any more: their process went silent and the sweeper took the rows back."""
    under_way = in_state(select(DELIVERY.c.position), DeliveryState.SENDING).where(
        DELIVERY.c.run_number == run_number, DELIVERY.c.attempt == BUNDLE.c.attempt
    )
    return _in_state(connection, run_number, channel, BundleState.OPEN, ~under_way.exists())


def _in_state(
    connection: Connection, run_number: int, channel: Channel, state: BundleState, *more: ColumnElement[bool]
) -> Sequence[Numbered]:
    rows = connection.execute(
        select(BUNDLE.c.sequence, BUNDLE.c.attempt, BUNDLE.c.manifest_sha256)
        .where(*_of(run_number, channel), BUNDLE.c.state == state, *more)
        .order_by(BUNDLE.c.sequence)
    )
    return [Numbered(run_number, channel, *row) for row in rows]


def _move(connection: Connection, bundle: Numbered, state: BundleState, **facts: object) -> None:
    this = (*_of(bundle.run_number, bundle.channel), BUNDLE.c.sequence == bundle.number)
    connection.execute(update(BUNDLE).where(*this).values(state=state, **facts))


def _of(run_number: int, channel: Channel) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return BUNDLE.c.run_number == run_number, BUNDLE.c.channel == channel
