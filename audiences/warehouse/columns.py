"""Which columns each table of the warehouse has, and of which type; follows the catalogue."""

from collections.abc import Mapping
from typing import Final

from campaigns.core.model.catalogue import Catalogue, Column
from campaigns.core.model.enums import ColumnType, DataClass

HELD_IN_LEDGER: Final = ("first_name", "last_name", "email", "phone", "street", "postal_code", "city")
"""Members' columns that only the ledger keeps: contact is read where it is current, never from a copy."""

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

TOMBSTONES: Final[Mapping[str, str]] = {"member_id": "VARCHAR"}

_TYPES: Final[Mapping[ColumnType, str]] = {
    ColumnType.TEXT: "VARCHAR",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.DECIMAL: "DECIMAL(18,4)",
    ColumnType.DATE: "DATE",
    ColumnType.TIMESTAMP: "TIMESTAMP",
    ColumnType.BOOLEAN: "BOOLEAN",
}


def members(catalogue: Catalogue) -> Mapping[str, str]:
    """The profile: every column that the catalogue declares and a rule may read, but contact."""
    declared = catalogue.tables["members"].columns
    return {"member_id": "VARCHAR"} | {
        name: _TYPES[column.type]
        for name, column in declared.items()
        if name not in HELD_IN_LEDGER and not _special(column)
    }


def products(catalogue: Catalogue) -> Mapping[str, str]:
    """The columns of `products` that may be read."""
    declared = catalogue.tables["products"].columns
    return {"product_id": "VARCHAR"} | {
        name: _TYPES[column.type] for name, column in declared.items() if not _special(column)
    }


def stored_products(catalogue: Catalogue) -> Mapping[str, str]:
    """Those columns, and the special ones that `special_when` needs to know which rows nobody may read."""
    table = catalogue.tables["products"]
    marks = {name: _TYPES[table.columns[name].type] for name in table.special_when if name in table.columns}
    return {**products(catalogue), **marks}


def _special(column: Column) -> bool:
    return column.data_class is DataClass.SPECIAL
