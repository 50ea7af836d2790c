"""Views that rules read over the stored rows: the same SQL on every engine."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Final

from audiences.warehouse import columns
from audiences.warehouse.product_kinds import ProductKinds
from audiences.warehouse.sql_quoting import quote_identifier, quote_literal
from campaigns.core.clock import to_warehouse_time
from campaigns.core.model.catalogue import Catalogue

_FARTHEST_ZONE: Final = timedelta(hours=14)  # UTC+14: the first day of a retention counts whole in every zone


def stored_tables(catalogue: Catalogue) -> Mapping[str, Mapping[str, str]]:
    """Return the tables as files hold them, with columns and types; views read them as `stored_<table>`."""
    return {
        "tombstones": columns.TOMBSTONES,
        "members": columns.member_columns(catalogue),
        "receipts": columns.RECEIPTS,
        "products": columns.stored_product_columns(catalogue),
        "purchases": columns.PURCHASES,
        "sent": columns.SENT,
    }


def view_queries(catalogue: Catalogue, as_of: datetime, kinds: ProductKinds) -> Mapping[str, str]:
    """Return the SELECT of each view, in the order in which they build on each other.

    Rows past their retention at `as_of` (aware), lines of special goods and erased members are not in them. `kinds` are
    those of the stored products: special goods are found by the register's own spellings. Lines of goods that the
    register does not know have no `product_id`.
    """
    readable = columns.product_columns(catalogue)
    product_columns = "".join(
        f", p.{quote_identifier(column)}" for column in readable if column not in columns.PURCHASES
    )
    lines = ", ".join(
        # goods that the register does not know may be special ones: nobody asks for them by their number
        "CASE WHEN p.is_special IS NOT NULL THEN l.product_id END AS product_id"
        if column == "product_id" and kinds.rows
        else f"l.{column}"
        for column in columns.PURCHASES
        if column != "line"
    )
    is_special = _is_special(kinds.stored_values(catalogue.special_values))
    without_erased = "ANTI JOIN stored_tombstones USING (member_id)"
    return {
        "members": f"SELECT * FROM stored_members {without_erased}",
        "receipts": f"SELECT * FROM stored_receipts {without_erased} "
        f"WHERE {within_retention_sql(catalogue, 'receipts', as_of)}",
        "sent": f"SELECT * FROM stored_sent {without_erased}",
        "assortment": f"SELECT *, {is_special} AS is_special FROM stored_products",
        "products": f"SELECT {', '.join(map(quote_identifier, readable))} FROM assortment WHERE NOT is_special",
        "purchase_lines": f"SELECT {lines}{product_columns} FROM stored_purchases AS l "
        f"LEFT JOIN assortment AS p USING (product_id) {without_erased} "
        f"WHERE p.is_special IS NOT TRUE AND {within_retention_sql(catalogue, 'purchases', as_of)}",
    }


def within_retention_sql(catalogue: Catalogue, table: str, as_of: datetime) -> str:
    """Return SQL: whether a row of a table with `purchased_at` is within its retention at `as_of`."""
    retention = catalogue.retention(table)
    if retention is None:
        return "true"
    first_day = datetime.combine((to_warehouse_time(as_of) - retention).date(), time.min) - _FARTHEST_ZONE
    return f"purchased_at >= TIMESTAMP {quote_literal(first_day.isoformat(sep=' '))}"


def _is_special(special_values: Mapping[str, Sequence[str]]) -> str:
    """Return SQL: whether a product may never be read. A missing value is not special."""
    conditions = [
        f"coalesce({quote_identifier(column)} IN ({', '.join(map(quote_literal, values))}), false)"
        for column, values in special_values.items()
        if values
    ]
    return " OR ".join(["false", *conditions])
