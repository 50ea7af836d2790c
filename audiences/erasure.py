"""Forgetting: at once by tombstone, and later the rows themselves, with those that are past retention."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import pyarrow as pa

from audiences import columns
from audiences.quoting import text
from audiences.views import kept
from audiences.warehouse import WHOLE, Warehouse

_PARQUET: Final = "(FORMAT parquet, COMPRESSION zstd)"
_DATED: Final[Mapping[str, Mapping[str, str]]] = {"purchases": columns.PURCHASES, "receipts": columns.RECEIPTS}


def bury(warehouse: Warehouse, members: Iterable[str], as_of: datetime) -> None:
    """Put these members out of sight of every reader who connects from now on, and of every later import."""
    with warehouse.writing(), warehouse.connect(as_of) as connection:
        connection.register("forgotten", pa.table({"member_id": pa.array(members, pa.string())}))
        file = warehouse.new_file("tombstones")
        connection.execute(
            f"COPY (FROM stored_tombstones UNION FROM forgotten ORDER BY member_id) TO {text(str(file))} {_PARQUET}"
        )
        warehouse.replace({"tombstones": {WHOLE: [file]}}, as_of)


def purge(warehouse: Warehouse, as_of: datetime) -> int:
    """Write anew, without them, every file that holds buried members or rows past retention; the nightly job.

    Returns how many rows went. The superseded files are deleted: a plan that is being made meanwhile fails.
    Tombstones stay, so that an import of old files brings nobody back.
    """
    with warehouse.writing():
        changes, gone = dict[str, dict[str, list[Path]]](), 0
        profile = columns.members(warehouse.catalogue)
        for table, types in {"members": profile, **_DATED}.items():
            for part in warehouse.manifest().parts(table):
                condition = kept(warehouse.catalogue, table, as_of) if table in _DATED else "true"
                files, lost = _without(warehouse, table, part, types, condition, as_of)
                if lost:
                    changes.setdefault(table, {})[part] = files
                    gone += lost
        if changes:
            warehouse.replace(changes, as_of)
        warehouse.sweep()
    return gone


def _without(
    warehouse: Warehouse, table: str, part: str, types: Mapping[str, str], condition: str, as_of: datetime
) -> tuple[list[Path], int]:
    """The part's new file, none when nothing is left of it, and how many rows it lost."""
    stored = f"({warehouse.stored_rows(table, types, [part])})"
    left = f"FROM {stored} ANTI JOIN stored_tombstones USING (member_id) WHERE {condition}"
    with warehouse.connect(as_of) as connection:
        counted = connection.execute(f"SELECT (SELECT count(*) FROM {stored}), (SELECT count(*) {left})").fetchone()
        before, after = counted or (0, 0)
        if before == after:
            return [], 0
        file = warehouse.new_file(table, part)
        if after:
            connection.execute(f"COPY (SELECT * {left}) TO {text(str(file))} {_PARQUET}")
    return ([file] if after else []), before - after
