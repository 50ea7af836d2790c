"""Purchases at scale: the demonstration's real baskets, assigned to the crowd as diaries of a year.

A diary holds the baskets of one or two real households, moved by whole weeks, so that visits a member match a million
receipts a day among 3.6 million members. One diary in ten is empty. Ids are as long and as varied as in production: a
receipt's number follows neither its time nor its buyer. Long-known members repeat the same diary every year.
"""

from collections.abc import Iterator
from datetime import date
from typing import Final

import duckdb

from benchmarks.copied_members import MEMBER_ID
from benchmarks.world import FIRST_DAY, FIRST_DAY_OF_LINES, FIRST_MONTH, FIRST_MONTH_OF_LINES, LONG_KNOWN

_DIARIES: Final = 20_000
_SECOND_HOUSEHOLD: Final = 78  # percent of the diaries: 0.9 × 1.78 × 63 baskets a year = 101 = 365 / 3.6
_DAY: Final = 86_400_000_000  # microseconds

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
_SPREAD: Final = 268_435_399  # odd, so that basket ids are unique
_ID_BITS: Final = 43
_BASKET: Final = f"lpad((((n * 8192 + entry.basket) * {_SPREAD} + {{year}}) % {1 << _ID_BITS})::VARCHAR, 13, '0')"


def create_diaries(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the tables of diaries from the views of the demonstration's data."""
    # Keeps members on the streamed side of the join with their pages, and in order.
    connection.execute("SET disabled_optimizers = 'build_side_probe_side,join_order'")
    connection.execute(_BASKETS)
    connection.execute(_DIARY)


def months() -> Iterator[date]:
    """Generate the first day of each month with receipts."""
    for year in range(FIRST_MONTH.year, FIRST_DAY.year + 1):
        yield from (date(year, month, 1) for month in range(1, 13))


def buyer_count(table: str, month: date, members: int) -> int:
    """Return the number of members with rows of a month, counted from the first member; 0 for a month without rows."""
    all_members, long_known = {
        "receipts": (FIRST_DAY, FIRST_MONTH),
        "purchases": (FIRST_DAY_OF_LINES.replace(day=1), FIRST_MONTH_OF_LINES),
    }[table]
    if month >= all_members:
        return members
    return members // LONG_KNOWN[table] if month >= long_known else 0


def lines_query(connection: duckdb.DuckDBPyConnection, month: date, members: int) -> str:
    """Return the query of a month's part of `purchases`, in an import's order; create the tables it reads."""
    columns_of_entry = "moment, basket, product_id, line, quantity, amount, store_id"
    first_day = FIRST_DAY_OF_LINES if month >= FIRST_DAY_OF_LINES.replace(day=1) else month
    _create_month_pages(
        connection,
        month,
        f"SELECT diary, {columns_of_entry} FROM entries WHERE moment >= DATE '{first_day}'",
        columns_of_entry,
    )
    return _member_entries(month, members, "entry.product_id, entry.line, entry.quantity, entry.amount")


def receipts_query(connection: duckdb.DuckDBPyConnection, month: date, members: int) -> str:
    """Return the query of a month's part of `receipts`; create the tables it reads."""
    columns_of_entry = "moment, basket, store_id, amount, quantity"
    totals = (
        "SELECT diary, min(moment) AS moment, basket, min(store_id) AS store_id, sum(amount)::DECIMAL(12,2) AS amount, "
        "sum(quantity)::DECIMAL(12,3) AS quantity FROM entries GROUP BY diary, basket"
    )
    _create_month_pages(connection, month, totals, columns_of_entry)
    return _member_entries(month, members, "entry.amount, entry.quantity")


def _create_month_pages(connection: duckdb.DuckDBPyConnection, month: date, query: str, columns_of_entry: str) -> None:
    """Create `pages`: each diary's entries of one month as a list in the order of time."""
    year = month.replace(month=1)
    shifted = f"epoch_us(moment) - epoch_us(TIMESTAMP '{FIRST_DAY}') + days * {_DAY}"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE pages AS
        WITH entries AS (
            SELECT * FROM (
                SELECT diary, part * 4096 + basket AS basket, product_id, line, quantity, amount, store_id,
                       TIMESTAMP '{year}' + to_microseconds(({shifted}) % (364 * {_DAY})) AS moment
                FROM diaries JOIN lines USING (household)
            ) WHERE date_trunc('month', moment) = DATE '{month}'
        )
        SELECT diary, list(struct_pack({", ".join(f"{name} := {name}" for name in columns_of_entry.split(", "))})
                           ORDER BY {", ".join(columns_of_entry.split(", ")[:4])}) AS entries
        FROM ({query}) GROUP BY diary
    """)


def _member_entries(month: date, members: int, columns: str) -> str:
    """Return the query of each member's page, entry by entry; delays of up to an hour separate members of one diary."""
    year = ((FIRST_DAY.year - month.year << 35) * _SPREAD) % (1 << _ID_BITS)  # members' baskets are fewer than 2 ** 35
    last = f"TIMESTAMP '{month}' + INTERVAL '1 month' - INTERVAL '1 second'"
    return (
        f"SELECT {MEMBER_ID} AS member_id, least(entry.moment + late, {last}) AS purchased_at, "
        f"{_BASKET.format(year=year)} AS basket_id, {columns}, entry.store_id "
        f"FROM (SELECT n, to_seconds((hash(n, 'late') % 3600)::BIGINT) AS late, unnest(entries) AS entry "
        f"FROM (FROM crowd WHERE n < {members}) JOIN pages ON diary = hash(n, 'diary') % {_DIARIES})"
    )
