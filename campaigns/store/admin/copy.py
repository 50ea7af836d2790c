"""Copy of a whole ledger into another database: in chunks, counted, all of it or nothing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Integer, Table, func, inspect, select
from sqlmodel import SQLModel

from campaigns.core.errors import UserError
from campaigns.store.admin import schema
from campaigns.store.admin.suspend import SuspendResult, require_nothing_under_way, suspend
from campaigns.store.ledger.connection import Ledger, ProgressCallback, append
from campaigns.store.people import people_tables as _people_tables  # noqa: F401 - declares its tables

_ROWS_AT_ONCE: Final = 10_000
_FOREIGN_PREFIXES: Final = ("alembic_", "procrastinate_")  # the schema's revision; jobs, which are only hints

RowCounts = Mapping[str, int]


def copy_ledger(
    source: Ledger, target: Ledger, now: datetime, on_progress: ProgressCallback
) -> tuple[RowCounts, SuspendResult]:
    """Copy a ledger into an empty database and suspend the source; return the number of rows by table.

    From then on the copy sends and the source does not: if both sent, everybody would be written to twice. Raises
    UserError when the target holds rows, or when deliveries are under way. Neither ledger can be written to meanwhile.
    A crash leaves the target empty or, at the very end, the source not yet suspended. `on_progress` gets the number of
    rows of each chunk.
    """
    schema.prepare(target)
    with source.write() as source_connection:
        require_nothing_under_way(source_connection, now)
        with target.write() as target_connection:
            counted = copy_rows(source_connection, target_connection, on_progress)
        suspended = suspend(source_connection, f"copied to {target.engine.url.database}")
    analyse(target, counted)
    return counted, suspended


def copy_rows(source: Connection, target: Connection, on_progress: ProgressCallback) -> RowCounts:
    """Copy every table into a database in which all are empty; raise UserError when one is not."""
    tables = _tables(source)
    for table in tables:
        _refuse_rows(target, table)
    counted = {table.name: _copy(source, target, table, on_progress) for table in tables}
    if target.dialect.name == "postgresql":
        _continue_numbers(target, tables)
    return counted


def analyse(ledger: Ledger, counted: RowCounts) -> None:
    """Update the planner statistics of the filled tables."""
    ledger.analyse(*(SQLModel.metadata.tables[name] for name in counted))


def _tables(connection: Connection) -> list[Table]:
    names = inspect(connection).get_table_names()
    return [SQLModel.metadata.tables[name] for name in sorted(names) if not name.startswith(_FOREIGN_PREFIXES)]


def _refuse_rows(target: Connection, table: Table) -> None:
    if _count(target, table):
        message = f"the table `{table.name}` of this database holds rows already"
        raise UserError.about(
            str(target.engine.url.database), message, "not_empty", "give an empty database, or an empty schema of one"
        )


def _copy(source: Connection, target: Connection, table: Table, on_progress: ProgressCallback) -> int:
    ordered = select(table).order_by(*table.primary_key.columns)
    copied = 0
    with source.execute(ordered, execution_options={"yield_per": _ROWS_AT_ONCE}) as rows:
        for chunk in rows.partitions():
            append(target, table, table.c.keys(), chunk)
            copied += len(chunk)
            on_progress(len(chunk))
    arrived = _count(target, table)
    if arrived != copied:
        raise RuntimeError(f"{table.name}: {copied} rows left and {arrived} arrived")
    return copied


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _continue_numbers(connection: Connection, tables: list[Table]) -> None:
    """Advance PostgreSQL's sequences past the copied numbers; SQLite does so by itself."""
    for table in tables:
        key = table.primary_key.columns[0]
        if isinstance(key.type, Integer) and len(table.primary_key.columns) == 1:
            last = select(func.max(key)).scalar_subquery()
            sequence = func.pg_get_serial_sequence(table.name, key.name)
            connection.execute(select(func.setval(sequence, last)).where(last.is_not(None)))
