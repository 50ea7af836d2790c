"""Crowd of members: many copies of the demonstration's members, with their contact, choices and suppressions.

Copy `c` of member `b` of `B` is number `c × B + b`: shares of languages, channels, choices and closed addresses are the
demonstration's. Households, e-mail addresses, telephone numbers and letter boxes are each copy's own.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import duckdb
from adbc_driver_sqlite import dbapi

from audiences.tables import CHOICES, CONTACT, HOLDOUT_UNIT, SUPPRESSION
from audiences.warehouse.sql_quoting import quote_literal
from benchmarks.world import World
from campaigns.runs.engine import Engine
from campaigns.store.admin import schema

MEMBER_ID: Final = "'m' || lpad(n::VARCHAR, 8, '0')"
_BATCH_ROWS: Final = 50_000
_COLUMNS: Final = {
    "member_id": MEMBER_ID,
    "household_id": "household_id || '-' || c",
    "email": "replace(email, '@', '.' || c || '@')",
    "mailbox": "replace(mailbox, '@', '.' || c || '@')",
    "phone": "CASE WHEN phone IS NOT NULL THEN '+358400' || lpad(n::VARCHAR, 8, '0') END",
    "street": "street || ' as ' || c",
    "address_key": "address_key || ' as ' || c",
    "seq": "n",
    "number": "c * 1000000 + number",
}
_SUPPRESSED_COLUMNS: Final = {"email": "email", "phone": "phone", "address": "address_key"}


def create_crowd(connection: duckdb.DuckDBPyConnection, base: Engine, members: int) -> None:
    """Create the table `crowd`: the number `n` of each member, its copy `c` and the copied member `base_id`."""
    for table in (CONTACT, CHOICES, SUPPRESSION, HOLDOUT_UNIT):
        connection.register(f"base_{table.name}", base.context.ledger.fetch_arrow(f"SELECT * FROM {table.name}"))
    connection.execute(f"""
        CREATE TABLE crowd AS
        WITH people AS (SELECT member_id AS base_id, row_number() OVER (ORDER BY member_id) - 1 AS b FROM base_contact)
        SELECT n, n // (SELECT count(*) FROM people) AS c, base_id
        FROM range({members}) AS t(n) JOIN people ON b = n % (SELECT count(*) FROM people) ORDER BY n
    """)


def write_profile(connection: duckdb.DuckDBPyConnection, base: Engine, path: Path) -> None:
    """Write the warehouse's table of members."""
    stored = ", ".join(quote_literal(str(base.context.workspace.warehouse / name)) for name in _files(base, "members"))
    connection.execute(
        f"COPY (SELECT * EXCLUDE (n, c, base_id) REPLACE ({MEMBER_ID} AS member_id, "
        f"{_COLUMNS['household_id']} AS household_id) "
        f"FROM (SELECT m.*, n, c, base_id FROM crowd JOIN read_parquet([{stored}]) AS m ON m.member_id = base_id) "
        f"ORDER BY n) TO {quote_literal(str(path))} (FORMAT parquet, COMPRESSION zstd)"
    )


def write_ledger(connection: duckdb.DuckDBPyConnection, world: World) -> None:
    """Write contact, the projection of choices, suppressions and holdout units of all members into a new ledger."""
    engine = world.engine()
    for path in engine.context.workspace.data.glob("ledger.sqlite*"):
        path.unlink()
    schema.prepare(engine.context.ledger)
    engine.close()
    suppressions = " UNION ALL ".join(
        f"SELECT s.kind, {_COLUMNS[column]} AS value, s.reason, s.scope, s.at, s.source FROM crowd "
        f"JOIN base_contact AS o ON o.member_id = base_id "
        f"JOIN base_suppression AS s ON s.kind = {quote_literal(kind)} AND s.value = o.{column}"
        for kind, column in _SUPPRESSED_COLUMNS.items()
    )
    with _without_indexes(engine.context.workspace.ledger):
        for table in (CONTACT, CHOICES, HOLDOUT_UNIT):
            columns = ", ".join(f"{_COLUMNS.get(name, f'o.{name}')} AS {name}" for name in table.columns.keys())  # noqa: SIM118 - iterating gives columns
            query = f"SELECT {columns} FROM crowd JOIN base_{table.name} AS o ON o.member_id = base_id ORDER BY n"
            _copy(connection, query, engine.context.workspace.ledger, table.name)
        unique_rows = f"SELECT DISTINCT ON (kind, value, reason) * FROM ({suppressions})"
        _copy(connection, unique_rows, engine.context.workspace.ledger, SUPPRESSION.name)


def _files(base: Engine, table: str) -> tuple[str, ...]:
    return base.context.repository.warehouse.manifest().files(table)


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path, table: str) -> None:
    """Insert rows as columns, without a journal: this ledger can be generated again."""
    with dbapi.connect(str(path), autocommit=True) as ledger, ledger.cursor() as cursor:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-400000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.adbc_ingest(table, connection.sql(query).to_arrow_reader(_BATCH_ROWS), mode="append")


@contextmanager
def _without_indexes(path: Path) -> Iterator[None]:
    """Drop the indexes of the filled tables, and create them again at the end."""
    with closing(sqlite3.connect(path, isolation_level=None)) as ledger:
        indexes = ledger.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
            "AND tbl_name IN ('contact', 'choices', 'suppression', 'unit')"
        ).fetchall()
        for name, _ in indexes:
            ledger.execute(f"DROP INDEX {name}")
        ledger.execute("PRAGMA journal_mode=DELETE")
    yield
    with closing(sqlite3.connect(path, isolation_level=None)) as ledger:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-400000"):
            ledger.execute(f"PRAGMA {pragma}")
        for _, sql in indexes:
            ledger.execute(sql)
        ledger.execute("PRAGMA journal_mode=WAL")
