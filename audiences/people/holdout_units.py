"""Holdout units: members tied by a household or an address, held out and drawn as one (A-11)."""

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import Connection, delete, func, select

from audiences.tables import FORMER_HOLDOUT_UNIT, HOLDOUT_UNIT
from audiences.warehouse.warehouse import Warehouse
from campaigns.store.ledger.connection import Ledger, append

MAX_UNIT_SIZE: Final = 20
"""Upper limit of a unit. A household or an address of more members ties none of them together: the address of a
reception desk must not hold out hundreds.
"""

_IN_TRANSACTION: Final = 2000  # rows; a write transaction of some 15 ms
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
_SHARED_KEYS: Final = """
    CREATE TEMP TABLE shared_keys AS
    SELECT label, dense_rank() OVER (ORDER BY kind, shared) AS shared_key
    FROM (SELECT label, household, email, phone, address FROM people)
    UNPIVOT (shared FOR kind IN (household, email, phone, address))
    WHERE shared <> ''
    QUALIFY count(*) OVER (PARTITION BY kind, shared) BETWEEN 2 AND $largest
"""
_NEIGHBOURS: Final = """
    CREATE OR REPLACE TEMP TABLE older AS
    SELECT label, min(least) AS least
    FROM (SELECT label, min(label) OVER (PARTITION BY shared_key) AS least FROM shared_keys)
    GROUP BY label HAVING min(least) < label
"""
_FOLLOW_CHAIN: Final = "UPDATE older SET least = far.least FROM older AS far WHERE far.label = older.least"
_RELABEL: Final = "UPDATE {table} SET label = older.least FROM older WHERE older.label = {table}.label"
_CHANGED_UNITS: Final = """
    SELECT member_id, number FROM (
        SELECT member_id, former, CASE
            WHEN count(*) OVER (PARTITION BY label) <= $largest THEN label
            WHEN row_number() OVER (PARTITION BY former ORDER BY member_id) = 1 THEN coalesce(former, fresh)
            ELSE fresh
        END AS number FROM people
    ) WHERE number IS DISTINCT FROM former ORDER BY member_id
"""


class _Connection(Protocol):
    """Open warehouse connection, as far as this module uses it."""

    def execute(self, query: str, parameters: object = None, /) -> Any: ...


def rebuild_units(ledger: Ledger, warehouse: Warehouse, now: datetime) -> int:
    """Bring the units up to date with the contacts; return how many members changed unit (none on a second run).

    Members connected by a household, an e-mail address, a telephone number or a letter box form a unit. A member never
    leaves it: units only join, under the oldest number. A unit above `MAX_UNIT_SIZE` is dissolved, each member alone.
    After a crash the next run completes the work.
    """
    changed = 0
    with closing(warehouse.connect(now)) as connection:
        connection.register("contact_now", ledger.fetch_arrow(_MEMBERS))
        connection.execute(_PEOPLE, {"newest": _highest_number(ledger)})
        connection.execute(_SHARED_KEYS, {"largest": MAX_UNIT_SIZE})
        _propagate_labels(connection)
        settled = connection.sql(_CHANGED_UNITS, params={"largest": MAX_UNIT_SIZE})
        for batch in settled.to_arrow_reader(_IN_TRANSACTION):
            with ledger.write() as transaction:
                _store(transaction, batch.to_pylist(), now)
            changed += batch.num_rows
    return changed


def _highest_number(ledger: Ledger) -> int:
    """Return the highest number ever used, those of erased members included."""
    highest = [
        select(func.coalesce(func.max(table.c.number), 0)).scalar_subquery()
        for table in (HOLDOUT_UNIT, FORMER_HOLDOUT_UNIT)
    ]
    with ledger.read() as connection:
        return max(map(int, connection.execute(select(*highest)).one()))


def _propagate_labels(connection: _Connection) -> None:
    """Give all members connected by shared keys the smallest label among them.

    Each round, every label becomes the smallest of its neighbours, followed to the end of the chain. At most half
    of the labels remain after a round, so a few rounds do.
    """
    while True:
        connection.execute(_NEIGHBOURS)
        if not _count_changed(connection, "SELECT count(*) FROM older"):
            return
        while _count_changed(connection, _FOLLOW_CHAIN):
            pass
        for table in ("shared_keys", "people"):
            connection.execute(_RELABEL.format(table=table))


def _count_changed(connection: _Connection, statement: str) -> int:
    [(changed,)] = connection.execute(statement).fetchall()
    return int(changed)


def _store(connection: Connection, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    """Write new units and keep the former units of these members."""
    these_members = HOLDOUT_UNIT.c.member_id.in_([row["member_id"] for row in rows])
    former = connection.execute(select(HOLDOUT_UNIT).where(these_members)).all()
    if former:
        former_rows = ((row.member_id, row.number, row.since, now) for row in former if row.since < now)
        append(connection, FORMER_HOLDOUT_UNIT, ("member_id", "number", "since", "until"), former_rows)
        connection.execute(delete(HOLDOUT_UNIT).where(these_members))
    new_rows = ((row["member_id"], row["number"], now) for row in rows)
    append(connection, HOLDOUT_UNIT, ("member_id", "number", "since"), new_rows)
