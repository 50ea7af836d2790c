"""Import of purchases: basket lines, stored by month, and the receipts computed from them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from audiences.imports.cell_types import CellType, decimal_type, text_type, timestamp_type
from audiences.imports.file_kind import MAX_ID_LENGTH, FileKind, ImportJob, invalid_id_check, missing_value_checks
from audiences.imports.import_report import ImportProgress
from audiences.imports.staging import VALID_TABLE, CellCleaning, RowCheck
from audiences.warehouse import columns
from audiences.warehouse.sql_quoting import quote_literal

_COLUMNS: Final[Mapping[str, CellCleaning]] = {
    "member_id": CellCleaning.PLAIN,
    "purchased_at": CellCleaning.PLAIN,
    "basket_id": CellCleaning.PLAIN,
    "product_id": CellCleaning.PLAIN,
    "quantity": CellCleaning.NUMBER,
    "amount": CellCleaning.NUMBER,
    "store_id": CellCleaning.PLAIN,
}
_NAMED_IDS: Final = ("member_id", "product_id", "store_id")
_KEY: Final = "basket_id, product_id, line"
_ORDERED: Final = "FROM merged ORDER BY member_id, purchased_at, basket_id, product_id, line"
_CELL_TYPES: Final[tuple[CellType, ...]] = (
    *(text_type(column) for column in (*_NAMED_IDS, "basket_id")),
    timestamp_type("purchased_at"),
    decimal_type("quantity", columns.PURCHASES["quantity"]),
    decimal_type("amount", columns.PURCHASES["amount"]),
)


def _store(job: ImportJob) -> int:
    too_long = f"has more than {MAX_ID_LENGTH} characters"
    job.staging.validate(
        _CELL_TYPES,
        [
            *missing_value_checks(["purchased_at", "basket_id", "product_id", "quantity", "amount"]),
            job.future_time_check("purchased_at"),
            *(invalid_id_check(column) for column in _NAMED_IDS),
            RowCheck("basket_id", f"coalesce(length(basket_id) > {MAX_ID_LENGTH}, false)", too_long),
        ],
    )
    lines = ", ".join(f"{column}::{type_} AS {column}" for column, type_ in columns.PURCHASES.items())
    job.staging.connection.execute(
        f"CREATE TABLE incoming AS SELECT {lines}, strftime(purchased_at, '%Y-%m') AS month "
        f"FROM (SELECT * REPLACE (row_number() OVER (PARTITION BY basket_id, product_id ORDER BY line) AS line) "
        f"FROM {VALID_TABLE})"
    )
    months = job.staging.connection.execute("SELECT DISTINCT month FROM incoming ORDER BY month").fetchall()
    changed, files = 0, dict[str, dict[str, list[Path]]](purchases={}, receipts={})
    for number, (month,) in enumerate(months):
        job.on_progress(ImportProgress("storing", number, len(months)))
        new = _merge(job, month)
        if new:
            files["purchases"][month] = _write(job, "purchases", month, _ORDERED)
            files["receipts"][month] = _write(job, "receipts", month, _receipts(job, month))
            changed += new
    if changed:
        job.warehouse.publish_state(files, job.now)
    return changed


def _merge(job: ImportJob, month: str) -> int:
    """Create `merged` from the stored and incoming lines of a month; return how many are new or changed.

    The key of a line is its basket, its product and its position among the basket's lines of that product.
    """
    connection = job.staging.connection
    names = ", ".join(columns.PURCHASES)
    stored = job.warehouse.select_stored("purchases", columns.PURCHASES, [month])
    of_month = f"SELECT {names} FROM incoming WHERE month = {quote_literal(month)}"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW fresh AS {of_month}")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE known AS FROM ({stored}) SEMI JOIN fresh USING ({_KEY})")
    changed = job.staging.count_rows("FROM fresh EXCEPT FROM known")
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW merged AS FROM ({stored}) ANTI JOIN fresh USING ({_KEY}) UNION ALL FROM fresh"
    )
    return changed


def _receipts(job: ImportJob, month: str) -> str:
    """Return the SELECT of the month's receipts.

    Receipts of changed baskets are summed anew, special goods included; the others stay as stored.
    """
    stored = job.warehouse.select_stored("receipts", columns.RECEIPTS, [month])
    sums = ", ".join(f"sum({column})::{columns.RECEIPTS[column]} AS {column}" for column in ("amount", "quantity"))
    summed = (
        "SELECT min(member_id) AS member_id, min(purchased_at) AS purchased_at, basket_id, min(store_id) AS store_id, "
        f"{sums} FROM merged SEMI JOIN fresh USING (basket_id) GROUP BY basket_id"
    )
    return (
        f"FROM (FROM ({stored}) ANTI JOIN fresh USING (basket_id) UNION ALL {summed}) "
        "ORDER BY member_id, purchased_at, basket_id"
    )


def _write(job: ImportJob, table: str, month: str, query: str) -> list[Path]:
    return job.warehouse.write_files(job.staging.connection, query, table, month)


PURCHASES: Final = FileKind(
    _COLUMNS, _store, references={"member_id": "members", "product_id": "products", "store_id": "stores"}
)
