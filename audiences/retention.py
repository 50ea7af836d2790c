"""The nightly job over the warehouse: rows past retention and those of erased members go for good (GD-03, FI-11)."""

from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from audiences.quoting import name, text
from audiences.views import kept, stored_tables
from audiences.warehouse import Warehouse
from campaigns.clock import instant_of
from campaigns.spec.retained import Retained

_PARQUET: Final = "(FORMAT parquet, COMPRESSION zstd)"
_MOMENTS: Final[Mapping[str, str]] = {"purchases": "purchased_at", "receipts": "purchased_at", "sent": "sent_at"}


def enforce(warehouse: Warehouse, as_of: datetime, nobody_reads: Callable[[], bool]) -> tuple[Retained, ...]:
    """Write anew, without them, every file that holds erased members or rows past retention at `as_of`.

    Returns what became of each table. Superseded files are deleted once `nobody_reads` them any more: it is asked after
    the new state was published, and may wait; False leaves them to the next time. Tombstones stay, so that an import of
    old files brings nobody back. A crash leaves the state before or after.
    """
    with warehouse.writing():
        job = _Job(warehouse, as_of)
        people = [table for table, types in job.tables.items() if "member_id" in types and table != "tombstones"]
        removed = {table: job.rewrite(table) for table in people}
        if job.changes:
            warehouse.replace(job.changes, as_of)
        if nobody_reads():
            warehouse.sweep()
        return tuple(job.evidence(table, rows) for table, rows in removed.items())


class _Job:
    def __init__(self, warehouse: Warehouse, as_of: datetime) -> None:
        self.warehouse = warehouse
        self.as_of = as_of
        self.tables = stored_tables(warehouse.catalogue)
        self.changes: dict[str, dict[str, list[Path]]] = {}

    def rewrite(self, table: str) -> int:
        """Write the table's parts without what has to go; returns how many rows went."""
        gone = 0
        for part in self.warehouse.manifest().parts(table):
            files, lost = self._without(table, part)
            if lost:
                self.changes.setdefault(table, {})[part] = files
                gone += lost
        return gone

    def _without(self, table: str, part: str) -> tuple[list[Path], int]:
        """The part's new file, none when nothing is left of it, and how many rows it lost."""
        stored = f"({self.warehouse.stored_rows(table, self.tables[table], [part])})"
        condition = kept(self.warehouse.catalogue, table, self.as_of) if self._retention(table) else "true"
        left = f"FROM {stored} ANTI JOIN stored_tombstones USING (member_id) WHERE {condition}"
        with closing(self.warehouse.connect(self.as_of)) as connection:
            counts = f"SELECT (SELECT count(*) FROM {stored}), (SELECT count(*) {left})"
            [(before, after)] = connection.execute(counts).fetchall()
            if before == after:
                return [], 0
            file = self.warehouse.new_file(table, part)
            if after:
                connection.execute(f"COPY (SELECT * {left}) TO {text(str(file))} {_PARQUET}")
        return ([file] if after else []), before - after

    def evidence(self, table: str, removed: int) -> Retained:
        """What is stored of the table now."""
        moment = _MOMENTS.get(table)
        oldest = "NULL" if moment is None else f"min({name(moment)})"
        with closing(self.warehouse.connect(self.as_of)) as connection:
            [(left, first)] = connection.execute(f"SELECT count(*), {oldest} FROM stored_{table}").fetchall()
        return Retained(table, self._retention(table), removed, left, None if first is None else instant_of(first))

    def _retention(self, table: str) -> timedelta | None:
        return self.warehouse.catalogue.retention(table) if table in self.warehouse.catalogue.tables else None
