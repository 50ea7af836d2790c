"""The drawings of the global holdout: which one is in force, and who was held out by an earlier one (A-11)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import CompoundSelect, Connection, insert, select, union_all, update

from audiences.holdout import is_in_share
from audiences.tables import FORMER_UNIT, HOLDOUT_VERSION, UNIT
from campaigns.errors import AuthorError
from campaigns.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Version:
    """A share of all units, drawn by a salt, and when it was in force; `until` is None for the one that is."""

    number: int
    salt: str
    share: Decimal
    since: datetime
    until: datetime | None = None


def versions(connection: Connection) -> list[Version]:
    """Every drawing so far, oldest first."""
    rows = connection.execute(select(HOLDOUT_VERSION).order_by(HOLDOUT_VERSION.c.number))
    return [Version(row.number, row.salt, Decimal(row.share), row.since, row.until) for row in rows]


def version(connection: Connection, number: int) -> Version:
    """One drawing; AuthorError when there is none of this number."""
    for each in versions(connection):
        if each.number == number:
            return each
    hint = "see `viesti holdout versions`"
    raise AuthorError.about(f"version {number}", "the holdout was never drawn so", "unknown_version", hint)


def salt(connection: Connection) -> str:
    """The salt of the newest drawing; of the first one to come, when there is none."""
    drawn = versions(connection)
    return drawn[-1].salt if drawn else _salt(1)


def adopt(connection: Connection, share: Decimal, now: datetime) -> Version | None:
    """The drawing in force for the share that the settings ask for, None for no share.

    Another share begins a new version by the same salt: whoever is held out in the smaller is in the larger, too.
    Runs in the caller's write transaction.
    """
    drawn = versions(connection)
    present = drawn[-1] if drawn and drawn[-1].until is None else None
    if present is not None and present.share == share:
        return present
    return _follow(connection, drawn, salt(connection), share, now)


def reshuffle(connection: Connection, share: Decimal, now: datetime) -> Version | None:
    """Draw anew: other units are held out from now on. Runs in the caller's write transaction."""
    drawn = versions(connection)
    return _follow(connection, drawn, _salt(len(drawn) + 1), share, now)


def held_out(ledger: Ledger, version: Version, at: datetime) -> Iterator[str]:
    """The ids of the members whom a version held out `at` a moment, by the units of that moment; erased ones are gone.

    They are read from one snapshot of the ledger, in no order.
    """
    with ledger.read() as connection:
        for member_id, number in connection.execute(_units(at)).yield_per(10_000):
            if is_in_share(str(number), version.salt, version.share):
                yield member_id


def _units(at: datetime) -> CompoundSelect[str, int]:
    """Members with the number of their unit at a moment."""
    present = select(UNIT.c.member_id, UNIT.c.number).where(UNIT.c.since <= at)
    former = select(FORMER_UNIT.c.member_id, FORMER_UNIT.c.number).where(
        FORMER_UNIT.c.since <= at, FORMER_UNIT.c.until > at
    )
    return union_all(present, former)


def _follow(connection: Connection, drawn: list[Version], salt: str, share: Decimal, now: datetime) -> Version | None:
    in_force = HOLDOUT_VERSION.c.until.is_(None)
    connection.execute(update(HOLDOUT_VERSION).where(in_force).values(until=now))
    if not share:
        return None
    version = Version(len(drawn) + 1, salt, share, now)
    connection.execute(insert(HOLDOUT_VERSION).values(number=version.number, salt=salt, share=str(share), since=now))
    return version


def _salt(number: int) -> str:
    return f"holdout-{number}"
