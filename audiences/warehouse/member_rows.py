"""All warehouse rows of one member, with every column: readable by rules or not."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from audiences.warehouse.sql_quoting import quote_identifier
from audiences.warehouse.views import stored_tables
from audiences.warehouse.warehouse import Warehouse, WarehouseConnection
from campaigns.core.clock import from_warehouse_time

StoredValue = str | int | bool | datetime | date | Decimal | None
StoredRow = Mapping[str, StoredValue]

_MOMENTS: Final = {"receipts": "purchased_at", "purchases": "purchased_at", "sent": "sent_at"}


def rows_of_member(warehouse: Warehouse, connection: WarehouseConnection) -> Mapping[str, Sequence[StoredRow]]:
    """Return a member's rows of each stored table, newest first; purchase lines with the columns of their product.

    `connection` is from `Warehouse.connect_for_members`. Lines of special goods and rows past their retention are
    included for as long as they are stored.
    """

    def rows(query: str) -> list[StoredRow]:
        result = connection.execute(query)
        columns = [column[0] for column in result.description]
        return [dict(zip(columns, map(_with_zone, row), strict=True)) for row in result.fetchall()]

    return {table: rows(_query(warehouse, table)) for table in member_tables(warehouse)}


def member_tables(warehouse: Warehouse) -> list[str]:
    """Return the stored tables that have rows of members."""
    tables = stored_tables(warehouse.catalogue)
    return [table for table, types in tables.items() if "member_id" in types and table != "tombstones"]


def _query(warehouse: Warehouse, table: str) -> str:
    newest = f"ORDER BY t.{_MOMENTS[table]} DESC" if table in _MOMENTS else ""
    if table != "purchases":
        return f"SELECT t.* FROM stored_{table} AS t {newest}"
    tables = stored_tables(warehouse.catalogue)
    product_columns = "".join(
        f", p.{quote_identifier(column)}" for column in tables["products"] if column not in tables["purchases"]
    )
    joined = "LEFT JOIN stored_products AS p USING (product_id)"
    return f"SELECT t.*{product_columns} FROM stored_purchases AS t {joined} {newest}"


def _with_zone(value: StoredValue) -> StoredValue:
    return from_warehouse_time(value) if isinstance(value, datetime) else value
