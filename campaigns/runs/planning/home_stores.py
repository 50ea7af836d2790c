"""Home stores: what templates show of the store that a member's `home_store` names, frozen with the plan."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import pyarrow as pa

STORE_PREFIX: Final = "store_"
STORE_KEY: Final = "store_id"


def home_stores_table(fields: Collection[str], stores: Mapping[str, Mapping[str, Any]]) -> pa.Table:
    """Return the columns `fields` of all stores, and their ids, named as they are frozen."""
    names = (STORE_KEY, *(name for name in fields if name != STORE_KEY))
    columns = {name: pa.array([row.get(name) for row in stores.values()]) for name in names}
    return pa.table(
        {
            f"{STORE_PREFIX}{name}": column.cast(pa.string()) if pa.types.is_null(column.type) else column
            for name, column in columns.items()
        }
    )
