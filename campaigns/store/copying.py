"""A whole ledger brought into another database: in chunks, counted, all of it or nothing."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Integer, Table, func, inspect, select
from sqlmodel import SQLModel

from campaigns.errors import AuthorError
from campaigns.ledger import Ledger, append
from campaigns.store import desk_tables as _desk  # noqa: F401 - a ledger has its tables, too
from campaigns.store import schema
from campaigns.store.holding import Held, hold, refuse_under_way

_ROWS_AT_ONCE: Final = 10_000
_NOT_OURS: Final = ("alembic_", "procrastinate_")  # the schema's own number; jobs, which are hints

Told = Callable[[int], None]
Counted = Mapping[str, int]


def copy(source: Ledger, target: Ledger, now: datetime, told: Told) -> tuple[Counted, Held]:
    """Bring a ledger into an empty database, and hold the one that was left; returns how many rows each table has.

    From then on the copy sends and the source does not: two that did would write to everybody twice. AuthorError when
    the target holds anything, or deliveries are under way. Nobody can write to either meanwhile. A crash leaves the
    target empty or, at the very end, the source not yet held. `told` hears the rows of each chunk.
    """
    schema.prepare(target)
    with source.write() as leaving:
        refuse_under_way(leaving, now)
        with target.write() as arriving:
            counted = fill(leaving, arriving, told)
        held = hold(leaving, f"copied to {target.engine.url.database}")
    analyse(target, counted)
    return counted, held


def fill(source: Connection, target: Connection, told: Told) -> Counted:
    """Copy every table into a database that has them empty; AuthorError when one is not."""
    tables = _tables(source)
    for table in tables:
        _refuse_rows(target, table)
    counted = {table.name: _copy(source, target, table, told) for table in tables}
    if target.dialect.name == "postgresql":
        _continue_numbers(target, tables)
    return counted


def analyse(ledger: Ledger, counted: Counted) -> None:
    """Let the database look at the tables that were filled."""
    ledger.analyse(*(SQLModel.metadata.tables[name] for name in counted))


def _tables(connection: Connection) -> list[Table]:
    names = inspect(connection).get_table_names()
    return [SQLModel.metadata.tables[name] for name in sorted(names) if not name.startswith(_NOT_OURS)]


def _refuse_rows(target: Connection, table: Table) -> None:
    if _count(target, table):
        message = f"the table `{table.name}` of this database holds rows already"
        raise AuthorError.about(
            str(target.engine.url.database), message, "not_empty", "give an empty database, or an empty schema of one"
        )


def _copy(source: Connection, target: Connection, table: Table, told: Told) -> int:
    ordered = select(table).order_by(*table.primary_key.columns)
    copied = 0
    with source.execute(ordered, execution_options={"yield_per": _ROWS_AT_ONCE}) as found:
        for chunk in found.partitions():
            append(target, table, table.c.keys(), chunk)
            copied += len(chunk)
            told(len(chunk))
    arrived = _count(target, table)
    if arrived != copied:
        raise RuntimeError(f"{table.name}: {copied} rows left and {arrived} arrived")
    return copied


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _continue_numbers(connection: Connection, tables: list[Table]) -> None:
    """Let new rows be numbered after those that came; SQLite does so by itself."""
    for table in tables:
        key = table.primary_key.columns[0]
        if isinstance(key.type, Integer) and len(table.primary_key.columns) == 1:
            last = select(func.max(key)).scalar_subquery()
            sequence = func.pg_get_serial_sequence(table.name, key.name)
            connection.execute(select(func.setval(sequence, last)).where(last.is_not(None)))
