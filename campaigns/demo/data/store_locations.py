"""Invented stores of the co-operative for the store numbers of the data set, and the store that each member visits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import duckdb

from campaigns.demo.data.places import invent_store_address
from campaigns.demo.data.seeded_random import weighted_pick

_FORMATS: Final[Mapping[tuple[str, str], float]] = {
    ("Lähdehalli", "7–23"): 1,
    ("Lähdemarket", "7–22"): 4,
    ("Lähdepuoti", "8–21"): 5,
}
"""Name and daily opening hours of each kind of store, with its share."""

_STORES_QUERY: Final = "select distinct store_id from purchases order by store_id::bigint"
_HOME_STORES_QUERY: Final = """
    select member_id, store_id
    from (select member_id, store_id, count(distinct basket_id) as receipts from purchases group by all)
    qualify row_number() over (partition by member_id order by receipts desc, store_id::bigint) = 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRow:
    """Row of the import file of stores; the fields are its columns, in order."""

    store_id: str
    name: str
    street: str
    postal_code: str
    city: str
    hours: str
    url: str


def invent_stores(connection: duckdb.DuckDBPyConnection) -> list[StoreRow]:
    """Return a store for each number of the table `purchases`."""
    return [_invent_store(store_id) for (store_id,) in connection.execute(_STORES_QUERY).fetchall()]


def _invent_store(store_id: str) -> StoreRow:
    address = invent_store_address(store_id, "store")
    kind, hours = weighted_pick(_FORMATS, store_id, "kind of store")
    return StoreRow(
        store_id=store_id,
        name=f"{kind} {address.street.rpartition(' ')[0]}",
        street=address.street,
        postal_code=address.postal_code,
        city=address.city,
        hours=hours,
        url=f"https://lahde.example.org/myymalat/{store_id}",
    )


def home_stores(connection: duckdb.DuckDBPyConnection) -> Mapping[str, str]:
    """Return the store of most receipts of each member with purchases; of two, the one with the lower number."""
    return dict(connection.execute(_HOME_STORES_QUERY).fetchall())
