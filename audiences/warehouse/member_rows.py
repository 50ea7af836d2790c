"""What the warehouse holds of one member, every row and column of it: what rules may read, and what they may not."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from audiences.warehouse.sql_quoting import name
from audiences.warehouse.views import stored_tables
from audiences.warehouse.warehouse import Opened, Warehouse
from campaigns.core.clock import instant_of

Value = str | int | bool | datetime | date | Decimal | None
Row = Mapping[str, Value]

_MOMENTS: Final = {"receipts": "purchased_at", "purchases": "purchased_at", "sent": "sent_at"}


def holdings(warehouse: Warehouse, about: Opened) -> Mapping[str, Sequence[Row]]:
    """A member's rows of each stored table, the newest first; lines with what the assortment says of the product.

    `about` is the warehouse opened about the member. Lines of special goods and rows past their retention are the
    member's own, too, for as long as they are stored.
    """

    def rows(query: str) -> list[Row]:
        found = about.execute(query)
        columns = [each[0] for each in found.description]
        return [dict(zip(columns, map(_told, row), strict=True)) for row in found.fetchall()]

    return {table: rows(_query(warehouse, table)) for table in tables_of_members(warehouse)}


def tables_of_members(warehouse: Warehouse) -> list[str]:
    """The stored tables that have rows of members."""
    tables = stored_tables(warehouse.catalogue)
    return [table for table, types in tables.items() if "member_id" in types and table != "tombstones"]


def _query(warehouse: Warehouse, table: str) -> str:
    newest = f"ORDER BY t.{_MOMENTS[table]} DESC" if table in _MOMENTS else ""
    if table != "purchases":
        return f"SELECT t.* FROM stored_{table} AS t {newest}"
    own = stored_tables(warehouse.catalogue)
    shown = "".join(f", p.{name(column)}" for column in own["products"] if column not in own["purchases"])
    joined = "LEFT JOIN stored_products AS p USING (product_id)"
    return f"SELECT t.*{shown} FROM stored_purchases AS t {joined} {newest}"


def _told(value: Value) -> Value:
    return instant_of(value) if isinstance(value, datetime) else value
