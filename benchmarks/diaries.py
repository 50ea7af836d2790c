"""Purchases at scale: the demonstration's real baskets, dealt to the crowd as diaries of a year.

A diary is the baskets of one or two real households, moved by whole weeks; so many that a member of the crowd makes as
many visits as a million receipts a day among 3.6 million members mean. One diary in ten is empty. Ids are as long and
as unlike each other as in production: a receipt's number follows neither its time nor its buyer.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

import duckdb

from audiences.quoting import text
from benchmarks.crowd import ID
from benchmarks.world import FIRST_DAY, FIRST_DAY_OF_LINES

_DIARIES: Final = 20_000
_SECOND_HOUSEHOLD: Final = 78  # percent of the diaries: 0.9 × 1.78 × 63 baskets a year = 101 = 365 / 3.6
_DAY: Final = 86_400_000_000  # microseconds
_PARQUET: Final = "(FORMAT parquet, COMPRESSION zstd)"

_BASKETS: Final = """
    CREATE TABLE lines AS
    SELECT dense_rank() OVER (ORDER BY household_id) - 1 AS household,
           dense_rank() OVER (PARTITION BY household_id ORDER BY basket_id) AS basket,
           transaction_timestamp AS moment,
           product_id::VARCHAR AS product_id,
           row_number() OVER (PARTITION BY basket_id, product_id ORDER BY quantity, sales_value)::INTEGER AS line,
           quantity::DECIMAL(12,3) AS quantity,
           sales_value::DECIMAL(12,2) AS amount,
           store_id::VARCHAR AS store_id
    FROM transactions
"""
_DIARY: Final = f"""
    CREATE TABLE diaries AS
    SELECT diary, part, hash(diary, part, 'household') % (SELECT max(household) + 1 FROM lines) AS household,
           (hash(diary, part, 'weeks') % 52)::INTEGER * 7 AS days
    FROM range({_DIARIES}) AS d(diary), range(2) AS p(part)
    WHERE diary % 10 <> 9 AND (part = 0 OR hash(diary, 'second') % 100 < {_SECOND_HOUSEHOLD})
"""
_BASKET: Final = "lpad((((n * 8192 + entry.basket) * 268435399) % 8796093022208)::VARCHAR, 13, '0')"  # odd: one to one


def lay_diaries(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables of diaries from the views of the demonstration's data."""
    # So that members stay the streamed side of the join with their pages, and come out in their order.
    connection.execute("SET disabled_optimizers = 'build_side_probe_side,join_order'")
    connection.execute(_BASKETS)
    connection.execute(_DIARY)


def months() -> Iterator[date]:
    """The first day of each month of the year."""
    return (FIRST_DAY.replace(month=month) for month in range(1, 13))


def has_lines(month: date) -> bool:
    """Whether the month lies within the days of which lines are kept."""
    return month >= FIRST_DAY_OF_LINES.replace(day=1)


def write_lines(connection: duckdb.DuckDBPyConnection, month: date, path: Path) -> None:
    """Write a month's part of `purchases`, in the order in which an import writes it."""
    entry = "moment, basket, product_id, line, quantity, amount, store_id"
    _lay_month(
        connection, month, f"SELECT diary, {entry} FROM entries WHERE moment >= DATE '{FIRST_DAY_OF_LINES}'", entry
    )
    _write(
        connection, month, path, f"{_BASKET} AS basket_id, entry.product_id, entry.line, entry.quantity, entry.amount"
    )


def write_receipts(connection: duckdb.DuckDBPyConnection, month: date, path: Path) -> None:
    """Write a month's part of `receipts`."""
    entry = "moment, basket, store_id, amount, quantity"
    totals = (
        "SELECT diary, min(moment) AS moment, basket, min(store_id) AS store_id, sum(amount)::DECIMAL(12,2) AS amount, "
        "sum(quantity)::DECIMAL(12,3) AS quantity FROM entries GROUP BY diary, basket"
    )
    _lay_month(connection, month, totals, entry)
    _write(connection, month, path, f"{_BASKET} AS basket_id, entry.amount, entry.quantity")


def _lay_month(connection: duckdb.DuckDBPyConnection, month: date, query: str, entry: str) -> None:
    """Make `pages`: a diary's entries of one month as a list in the order of time."""
    moved = f"epoch_us(moment) - epoch_us(TIMESTAMP '{FIRST_DAY}') + days * {_DAY}"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE pages AS
        WITH entries AS (
            SELECT * FROM (
                SELECT diary, part * 4096 + basket AS basket, product_id, line, quantity, amount, store_id,
                       TIMESTAMP '{FIRST_DAY}' + to_microseconds(({moved}) % (364 * {_DAY})) AS moment
                FROM diaries JOIN lines USING (household)
            ) WHERE date_trunc('month', moment) = DATE '{month}'
        )
        SELECT diary, list(struct_pack({", ".join(f"{name} := {name}" for name in entry.split(", "))})
                           ORDER BY {", ".join(entry.split(", ")[:4])}) AS entries
        FROM ({query}) GROUP BY diary
    """)


def _write(connection: duckdb.DuckDBPyConnection, month: date, path: Path, columns: str) -> None:
    """Each member's page, entry by entry; up to an hour of their own keeps members of one diary apart."""
    last = f"TIMESTAMP '{month}' + INTERVAL '1 month' - INTERVAL '1 second'"
    connection.execute(
        f"COPY (SELECT {ID} AS member_id, least(entry.moment + late, {last}) AS purchased_at, "
        f"{columns}, entry.store_id "
        f"FROM (SELECT n, to_seconds((hash(n, 'late') % 3600)::BIGINT) AS late, unnest(entries) AS entry "
        f"FROM crowd JOIN pages ON diary = hash(n, 'diary') % {_DIARIES})) TO {text(str(path))} {_PARQUET}"
    )
