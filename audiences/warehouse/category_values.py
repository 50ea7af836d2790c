"""Category values: what the columns declared with `categories: true` hold, without special goods."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from audiences.warehouse import columns
from audiences.warehouse.sql_quoting import quote_identifier
from campaigns.core.model.catalogue import Catalogue

if TYPE_CHECKING:
    from audiences.warehouse.warehouse import WarehouseConnection


def category_values(connection: "WarehouseConnection", catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """Return the values of each category column of members and products, read from the views."""
    return {
        **_column_values(connection, catalogue, "members", columns.member_columns(catalogue)),
        **_column_values(connection, catalogue, "products", columns.product_columns(catalogue)),
    }


def _column_values(
    connection: "WarehouseConnection", catalogue: Catalogue, table: str, types: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    declared = catalogue.tables[table].columns
    values_by_column = {}
    for column in types:
        if column in declared and declared[column].categories:
            quoted = quote_identifier(column)
            query = f"SELECT DISTINCT {quoted} FROM {table} WHERE {quoted} IS NOT NULL ORDER BY ALL"
            values_by_column[column] = tuple(str(value) for (value,) in connection.execute(query).fetchall())
    return values_by_column
