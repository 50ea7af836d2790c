"""The views that rules read, over the stored rows: the same SQL on every engine."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Final

from audiences.warehouse import columns
from audiences.warehouse.sql_quoting import name, text
from campaigns.core.clock import stored
from campaigns.core.model.catalogue import Catalogue

_FARTHEST_ZONE: Final = timedelta(hours=14)  # UTC+14: the first day of a retention counts whole in every zone


def stored_tables(catalogue: Catalogue) -> Mapping[str, Mapping[str, str]]:
    """The tables as files hold them, each with its columns and their types; a view reads one as `stored_<table>`."""
    return {
        "tombstones": columns.TOMBSTONES,
        "members": columns.members(catalogue),
        "receipts": columns.RECEIPTS,
        "products": columns.stored_products(catalogue),
        "purchases": columns.PURCHASES,
        "sent": columns.SENT,
    }


def views(catalogue: Catalogue, as_of: datetime) -> Mapping[str, str]:
    """The SELECT of each view, in the order in which they build on each other.

    What is past its retention at `as_of` (aware), lines of special goods and erased members are not in them.
    """
    readable = columns.products(catalogue)
    shown = "".join(f", p.{name(column)}" for column in readable if column not in columns.PURCHASES)
    lines = ", ".join(f"l.{column}" for column in columns.PURCHASES if column != "line")
    living = "ANTI JOIN stored_tombstones USING (member_id)"
    return {
        "members": f"SELECT * FROM stored_members {living}",
        "receipts": f"SELECT * FROM stored_receipts {living} WHERE {kept(catalogue, 'receipts', as_of)}",
        "sent": f"SELECT * FROM stored_sent {living}",
        "assortment": f"SELECT *, {_special(catalogue)} AS is_special FROM stored_products",
        "products": f"SELECT {', '.join(map(name, readable))} FROM assortment WHERE NOT is_special",
        "purchase_lines": f"SELECT {lines}{shown} FROM stored_purchases AS l "
        f"LEFT JOIN assortment AS p USING (product_id) {living} "
        f"WHERE p.is_special IS NOT TRUE AND {kept(catalogue, 'purchases', as_of)}",
    }


def kept(catalogue: Catalogue, table: str, as_of: datetime) -> str:
    """SQL: whether a row of a table with `purchased_at` is within its retention at `as_of`."""
    retention = catalogue.retention(table)
    if retention is None:
        return "true"
    first_day = datetime.combine((stored(as_of) - retention).date(), time.min) - _FARTHEST_ZONE
    return f"purchased_at >= TIMESTAMP {text(first_day.isoformat(sep=' '))}"


def _special(catalogue: Catalogue) -> str:
    """Whether a product may never be read; a missing value is not special. Letter case does not matter."""
    tests = [
        f"coalesce(lower({name(column)}) IN ({', '.join(text(value.lower()) for value in values)}), false)"
        for column, values in catalogue.tables["products"].special_when.items()
    ]
    return " OR ".join(["false", *tests])
