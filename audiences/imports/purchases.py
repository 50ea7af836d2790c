"""Import of purchases: basket lines, stored by month, and the receipts computed from them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from audiences.imports.cell_types import Reading, decimal, plain, timestamp
from audiences.imports.file_kind import LONGEST_ID, Job, Kind, missing
from audiences.imports.staging import GOOD, Cell, Check
from audiences.warehouse import columns
from audiences.warehouse.sql_quoting import text

_COLUMNS: Final[Mapping[str, Cell]] = {
    "member_id": Cell.PLAIN,
    "purchased_at": Cell.PLAIN,
    "basket_id": Cell.PLAIN,
    "product_id": Cell.PLAIN,
    "quantity": Cell.NUMBER,
    "amount": Cell.NUMBER,
    "store_id": Cell.PLAIN,
}
_IDS: Final = ("member_id", "basket_id", "product_id", "store_id")
_KEY: Final = "basket_id, product_id, line"
_ORDERED: Final = "FROM merged ORDER BY member_id, purchased_at, basket_id, product_id, line"
_CELL_TYPES: Final[tuple[Reading, ...]] = (
    *(plain(column) for column in _IDS),
    timestamp("purchased_at"),
    decimal("quantity", columns.PURCHASES["quantity"]),
    decimal("amount", columns.PURCHASES["amount"]),
)


def _store(job: Job) -> int:
    too_long = f"has more than {LONGEST_ID} characters"
    job.staging.accept(
        _CELL_TYPES,
        [
            *missing(["purchased_at", "basket_id", "product_id", "quantity", "amount"]),
            job.future("purchased_at"),
            *(Check(column, f"coalesce(length({column}) > {LONGEST_ID}, false)", too_long) for column in _IDS),
        ],
    )
    lines = ", ".join(f"{column}::{type_} AS {column}" for column, type_ in columns.PURCHASES.items())
    job.staging.connection.execute(
        f"CREATE TABLE incoming AS SELECT {lines}, strftime(purchased_at, '%Y-%m') AS month "
        f"FROM (SELECT * REPLACE (row_number() OVER (PARTITION BY basket_id, product_id ORDER BY line) AS line) "
        f"FROM {GOOD})"
    )
    months = job.staging.connection.execute("SELECT DISTINCT month FROM incoming ORDER BY month").fetchall()
    changed, files = 0, dict[str, dict[str, list[Path]]](purchases={}, receipts={})
    for (month,) in months:
        new = _merge(job, month)
        if new:
            files["purchases"][month] = _write(job, "purchases", month, _ORDERED)
            files["receipts"][month] = _write(job, "receipts", month, _receipts(job, month))
            changed += new
    if changed:
        job.warehouse.replace(files, job.now)
    return changed


def _merge(job: Job, month: str) -> int:
    """Create `merged` from the stored and incoming lines of a month; return how many are new or changed.

    The key of a line is its basket, its product and its position among the basket's lines of that product.
    """
    connection = job.staging.connection
    names = ", ".join(columns.PURCHASES)
    stored = job.warehouse.stored_rows("purchases", columns.PURCHASES, [month])
    of_month = f"SELECT {names} FROM incoming WHERE month = {text(month)}"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW fresh AS {of_month}")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE known AS FROM ({stored}) SEMI JOIN fresh USING ({_KEY})")
    changed = job.staging.count("FROM fresh EXCEPT FROM known")
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW merged AS FROM ({stored}) ANTI JOIN fresh USING ({_KEY}) UNION ALL FROM fresh"
    )
    return changed


def _receipts(job: Job, month: str) -> str:
    """Return the SELECT of the month's receipts.

    Receipts of changed baskets are summed anew, special goods included; the others stay as stored.
    """
    stored = job.warehouse.stored_rows("receipts", columns.RECEIPTS, [month])
    sums = ", ".join(f"sum({column})::{columns.RECEIPTS[column]} AS {column}" for column in ("amount", "quantity"))
    summed = (
        "SELECT min(member_id) AS member_id, min(purchased_at) AS purchased_at, basket_id, min(store_id) AS store_id, "
        f"{sums} FROM merged SEMI JOIN fresh USING (basket_id) GROUP BY basket_id"
    )
    return (
        f"FROM (FROM ({stored}) ANTI JOIN fresh USING (basket_id) UNION ALL {summed}) "
        "ORDER BY member_id, purchased_at, basket_id"
    )


def _write(job: Job, table: str, month: str, query: str) -> list[Path]:
    return job.warehouse.write(job.staging.connection, query, table, month)


PURCHASES: Final = Kind(_COLUMNS, _store)
