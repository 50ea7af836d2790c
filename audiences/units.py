"""Units: members whom a household or an address binds together, so that they are held out and drawn as one (A-11)."""

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import Connection, delete, func, select

from audiences.tables import FORMER_UNIT, UNIT
from audiences.warehouse import Warehouse
from campaigns.ledger import Ledger, append

LARGEST: Final = 20
"""A household or an address of more members than this binds nobody, nor is there a larger unit: a reception desk's
address must not hold out hundreds.
"""

_IN_TRANSACTION: Final = 2000  # a write transaction of some 15 ms
_MEMBERS: Final = """
    SELECT c.member_id, coalesce(c.household_id, '') AS household, coalesce(lower(c.email), '') AS email,
           coalesce(c.phone, '') AS phone, coalesce(c.address_key, '') AS address, coalesce(u.number, 0) AS number
    FROM contact AS c LEFT JOIN unit AS u ON u.member_id = c.member_id
"""
_PEOPLE: Final = """
    CREATE TEMP TABLE people AS
    SELECT *, nullif(number, 0) AS former, coalesce(nullif(number, 0), fresh) AS label
    FROM (SELECT *, $newest + row_number() OVER (ORDER BY member_id) AS fresh FROM contact_now)
"""
_BONDS: Final = """
    CREATE TEMP TABLE bonds AS
    SELECT label, dense_rank() OVER (ORDER BY kind, shared) AS bond
    FROM (SELECT label, household, email, phone, address FROM people)
    UNPIVOT (shared FOR kind IN (household, email, phone, address))
    WHERE shared <> ''
    QUALIFY count(*) OVER (PARTITION BY kind, shared) BETWEEN 2 AND $largest
"""
_NEIGHBOURS: Final = """
    CREATE OR REPLACE TEMP TABLE older AS
    SELECT label, min(least) AS least
    FROM (SELECT label, min(label) OVER (PARTITION BY bond) AS least FROM bonds)
    GROUP BY label HAVING min(least) < label
"""
_LEAP: Final = "UPDATE older SET least = far.least FROM older AS far WHERE far.label = older.least"
_ADOPT: Final = "UPDATE {table} SET label = older.least FROM older WHERE older.label = {table}.label"
_SETTLED: Final = """
    SELECT member_id, number FROM (
        SELECT member_id, former, CASE
            WHEN count(*) OVER (PARTITION BY label) <= $largest THEN label
            WHEN row_number() OVER (PARTITION BY former ORDER BY member_id) = 1 THEN coalesce(former, fresh)
            ELSE fresh
        END AS number FROM people
    ) WHERE number IS DISTINCT FROM former ORDER BY member_id
"""


class _Desk(Protocol):
    """What is asked of an open warehouse."""

    def execute(self, query: str, parameters: object = None, /) -> Any: ...


def unite(ledger: Ledger, warehouse: Warehouse, now: datetime) -> int:
    """Bring the units up to date with the contacts; returns how many members changed theirs: none, when run again.

    A unit is what households, e-mail addresses, telephone numbers and letter boxes connect, and who once was in it
    stays: units only unite, under the oldest number. One above `LARGEST` is dissolved, each member alone. Crashed
    halfway, the next run completes it.
    """
    changed = 0
    with closing(warehouse.connect(now)) as desk:
        desk.register("contact_now", ledger.arrow(_MEMBERS))
        desk.execute(_PEOPLE, {"newest": _newest(ledger)})
        desk.execute(_BONDS, {"largest": LARGEST})
        _spread(desk)
        settled = desk.sql(_SETTLED, params={"largest": LARGEST})
        for batch in settled.to_arrow_reader(_IN_TRANSACTION):
            with ledger.write() as connection:
                _store(connection, batch.to_pylist(), now)
            changed += batch.num_rows
    return changed


def _newest(ledger: Ledger) -> int:
    """The highest number that was ever given, to members who are gone, too."""
    highest = [select(func.coalesce(func.max(table.c.number), 0)).scalar_subquery() for table in (UNIT, FORMER_UNIT)]
    with ledger.read() as connection:
        return max(map(int, connection.execute(select(*highest)).one()))


def _spread(desk: _Desk) -> None:
    """Give all whom bonds connect the smallest label among them.

    Each round every label adopts the smallest among its neighbours', followed to the end of the chain; those left are
    at most half as many, so a few rounds do.
    """
    while True:
        desk.execute(_NEIGHBOURS)
        if not _changed(desk, "SELECT count(*) FROM older"):
            return
        while _changed(desk, _LEAP):
            pass
        for table in ("bonds", "people"):
            desk.execute(_ADOPT.format(table=table))


def _changed(desk: _Desk, statement: str) -> int:
    [(changed,)] = desk.execute(statement).fetchall()
    return int(changed)


def _store(connection: Connection, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    """Write new units, and keep what members belonged to before."""
    of_these = UNIT.c.member_id.in_([row["member_id"] for row in rows])
    former = connection.execute(select(UNIT).where(of_these)).all()
    if former:
        left = ((each.member_id, each.number, each.since, now) for each in former if each.since < now)
        append(connection, FORMER_UNIT, ("member_id", "number", "since", "until"), left)
        connection.execute(delete(UNIT).where(of_these))
    new = ((row["member_id"], row["number"], now) for row in rows)
    append(connection, UNIT, ("member_id", "number", "since"), new)
