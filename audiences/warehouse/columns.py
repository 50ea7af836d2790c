"""Columns and types of each warehouse table, as the catalogue declares them."""

from collections.abc import Mapping
from typing import Final

from campaigns.core.model.catalogue import Catalogue, CatalogueColumn
from campaigns.core.model.enums import ColumnType, DataClass

LEDGER_ONLY_COLUMNS: Final = ("first_name", "last_name", "email", "phone", "street", "postal_code", "city")
"""Member columns that only the ledger stores: contact is read where it is current, never from a copy."""

PURCHASES: Final[Mapping[str, str]] = {
    "member_id": "VARCHAR",
    "purchased_at": "TIMESTAMP",
    "basket_id": "VARCHAR",
    "product_id": "VARCHAR",
    "line": "INTEGER",
    "quantity": "DECIMAL(12,3)",
    "amount": "DECIMAL(12,2)",
    "store_id": "VARCHAR",
}
"""`line` tells apart the lines of one product in one basket: 1, 2, ... in the order of the file."""

RECEIPTS: Final[Mapping[str, str]] = {
    "member_id": "VARCHAR",
    "purchased_at": "TIMESTAMP",
    "basket_id": "VARCHAR",
    "store_id": "VARCHAR",
    "amount": "DECIMAL(12,2)",
    "quantity": "DECIMAL(12,3)",
}

SENT: Final[Mapping[str, str]] = {
    "member_id": "VARCHAR",
    "campaign": "VARCHAR",
    "purpose": "VARCHAR",
    "channel": "VARCHAR",
    "sent_at": "TIMESTAMP",
}

STORES: Final[Mapping[str, str]] = dict.fromkeys(
    ("store_id", "name", "street", "postal_code", "city", "hours", "url"), "VARCHAR"
)
"""Columns of `stores`; the catalogue may declare more."""

TOMBSTONES: Final[Mapping[str, str]] = {"member_id": "VARCHAR"}

_TYPES: Final[Mapping[ColumnType, str]] = {
    ColumnType.TEXT: "VARCHAR",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.DECIMAL: "DECIMAL(18,4)",
    ColumnType.DATE: "DATE",
    ColumnType.TIMESTAMP: "TIMESTAMP",
    ColumnType.BOOLEAN: "BOOLEAN",
}


def member_columns(catalogue: Catalogue) -> Mapping[str, str]:
    """Return the profile: all columns that the catalogue declares and a rule may read, without contact."""
    declared = catalogue.tables["members"].columns
    return {"member_id": "VARCHAR"} | {
        name: _TYPES[column.type]
        for name, column in declared.items()
        if name not in LEDGER_ONLY_COLUMNS and not _is_special(column)
    }


def product_columns(catalogue: Catalogue) -> Mapping[str, str]:
    """Return the columns of `products` that may be read."""
    declared = catalogue.tables["products"].columns
    return {"product_id": "VARCHAR"} | {
        name: _TYPES[column.type] for name, column in declared.items() if not _is_special(column)
    }


def stored_product_columns(catalogue: Catalogue) -> Mapping[str, str]:
    """Return those columns, and the special ones that classes of goods need to find their rows."""
    table = catalogue.tables["products"]
    naming = {column for goods in catalogue.classified_goods.values() for column in goods.values}
    special_columns = {name: _TYPES[table.columns[name].type] for name in table.columns if name in naming}
    return {**product_columns(catalogue), **special_columns}


def store_columns(catalogue: Catalogue) -> Mapping[str, str]:
    """Return the columns of `stores`: those that every store may have, and those that the catalogue declares."""
    declared = catalogue.table_columns("stores")
    return {**STORES, **{name: _TYPES[column.type] for name, column in declared.items() if not _is_special(column)}}


def _is_special(column: CatalogueColumn) -> bool:
    return column.data_class is DataClass.SPECIAL
