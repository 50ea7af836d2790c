"""What the warehouse holds of one member, every row and column of it: what rules may read, and what they may not."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from audiences.quoting import name
from audiences.views import stored_tables
from audiences.warehouse import Warehouse
from campaigns.clock import instant_of

Value = str | int | bool | datetime | date | Decimal | None
Row = Mapping[str, Value]

_MOMENTS: Final = {"receipts": "purchased_at", "purchases": "purchased_at", "sent": "sent_at"}


def holdings(warehouse: Warehouse, member_id: str, as_of: datetime) -> Mapping[str, Sequence[Row]]:
    """The member's rows of each stored table, the newest first; lines with what the assortment says of the product.

    Lines of special goods and rows past their retention are the member's own, too, for as long as they are stored.
    """
    with closing(warehouse.connect(as_of)) as connection:

        def rows(query: str) -> list[Row]:
            found = connection.execute(query, [member_id])
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
        return f"SELECT t.* FROM stored_{table} AS t WHERE t.member_id = $1 {newest}"
    own = stored_tables(warehouse.catalogue)
    shown = "".join(f", p.{name(column)}" for column in own["products"] if column not in own["purchases"])
    joined = "LEFT JOIN stored_products AS p USING (product_id)"
    return f"SELECT t.*{shown} FROM stored_purchases AS t {joined} WHERE t.member_id = $1 {newest}"


def _told(value: Value) -> Value:
    return instant_of(value) if isinstance(value, datetime) else value
