"""Drawings of the global holdout: the one in force, and the members held out by earlier ones (A-11)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import CompoundSelect, Connection, insert, select, union_all, update

from audiences.people.bucketing import is_in_share
from audiences.tables import FORMER_HOLDOUT_UNIT, HOLDOUT_UNIT, HOLDOUT_VERSION
from campaigns.core.errors import UserError
from campaigns.store.ledger.connection import Ledger


@dataclass(frozen=True, slots=True)
class HoldoutDrawing:
    """Share of all units, drawn by a salt, and its time in force; `until` is None for the present one."""

    number: int
    salt: str
    share: Decimal
    since: datetime
    until: datetime | None = None


def list_versions(connection: Connection) -> list[HoldoutDrawing]:
    """Return all drawings, oldest first."""
    rows = connection.execute(select(HOLDOUT_VERSION).order_by(HOLDOUT_VERSION.c.number))
    return [HoldoutDrawing(row.number, row.salt, Decimal(row.share), row.since, row.until) for row in rows]


def read_version(connection: Connection, number: int) -> HoldoutDrawing:
    """Return one drawing; raise UserError when there is none of this number."""
    for drawing in list_versions(connection):
        if drawing.number == number:
            return drawing
    hint = "see `viesti holdout versions`"
    raise UserError.about(f"version {number}", "there is no such version of the holdout", "unknown_version", hint)


def current_salt(connection: Connection) -> str:
    """Return the salt of the newest drawing; before the first drawing, the salt that it will have."""
    drawings = list_versions(connection)
    return drawings[-1].salt if drawings else _salt_of_number(1)


def activate_version(connection: Connection, share: Decimal, now: datetime) -> HoldoutDrawing | None:
    """Return the drawing in force for the share in the settings, None for no share; start it where needed.

    Another share starts a new version by the same salt, so that a larger share contains the smaller one.
    Runs in the caller's write transaction.
    """
    drawings = list_versions(connection)
    present = drawings[-1] if drawings and drawings[-1].until is None else None
    if present is not None and present.share == share:
        return present
    return _start_version(connection, drawings, current_salt(connection), share, now)


def reshuffle(connection: Connection, share: Decimal, now: datetime) -> HoldoutDrawing | None:
    """Draw anew: other units are held out from now on. Runs in the caller's write transaction."""
    drawings = list_versions(connection)
    return _start_version(connection, drawings, _salt_of_number(len(drawings) + 1), share, now)


def held_out_members(ledger: Ledger, version: HoldoutDrawing, at: datetime) -> Iterator[str]:
    """Yield the ids of the members held out by a version `at` a moment, by the units of that moment.

    Erased members are left out. One snapshot of the ledger is read; the order is undefined.
    """
    with ledger.read() as connection:
        for member_id, number in connection.execute(_units(at)).yield_per(10_000):
            if is_in_share(str(number), version.salt, version.share):
                yield member_id


def _units(at: datetime) -> CompoundSelect[str, int]:
    """Return the query of members with the number of their unit at a moment."""
    present = select(HOLDOUT_UNIT.c.member_id, HOLDOUT_UNIT.c.number).where(HOLDOUT_UNIT.c.since <= at)
    former = select(FORMER_HOLDOUT_UNIT.c.member_id, FORMER_HOLDOUT_UNIT.c.number).where(
        FORMER_HOLDOUT_UNIT.c.since <= at, FORMER_HOLDOUT_UNIT.c.until > at
    )
    return union_all(present, former)


def _start_version(
    connection: Connection, drawings: list[HoldoutDrawing], salt: str, share: Decimal, now: datetime
) -> HoldoutDrawing | None:
    in_force = HOLDOUT_VERSION.c.until.is_(None)
    connection.execute(update(HOLDOUT_VERSION).where(in_force).values(until=now))
    if not share:
        return None
    version = HoldoutDrawing(len(drawings) + 1, salt, share, now)
    connection.execute(insert(HOLDOUT_VERSION).values(number=version.number, salt=salt, share=str(share), since=now))
    return version


def _salt_of_number(number: int) -> str:
    return f"holdout-{number}"
