"""The nightly job over the warehouse: rows past retention and those of erased members go for good (GD-03, FI-11)."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from audiences.warehouse.sql_quoting import name
from audiences.warehouse.views import kept, stored_tables
from audiences.warehouse.warehouse import Opened, Warehouse
from campaigns.core.clock import instant_of
from campaigns.core.model.retention_evidence import Retained

_MOMENTS: Final[Mapping[str, str]] = {"purchases": "purchased_at", "receipts": "purchased_at", "sent": "sent_at"}


def enforce(warehouse: Warehouse, as_of: datetime, nobody_reads: Callable[[], bool]) -> tuple[Retained, ...]:
    """Write anew, without them, the files that hold erased members or rows past retention at `as_of`.

    Returns what became of each table. Superseded files are deleted once `nobody_reads` them any more: it is asked after
    the new state was published, and may wait; False leaves them to the next time. Tombstones stay, so that an import of
    old files brings nobody back. A crash leaves the state before or after.
    """
    with warehouse.writing():
        tables = stored_tables(warehouse.catalogue)
        people = [table for table, types in tables.items() if "member_id" in types and table != "tombstones"]
        with closing(warehouse.connect(as_of)) as connection:
            sieve = _Sieve(warehouse, connection, as_of)
            removed = {table: sieve.sift(table, tables[table]) for table in people}
        if sieve.changes:
            warehouse.replace(sieve.changes, as_of)
        if nobody_reads():
            warehouse.sweep()
        with closing(warehouse.connect(as_of)) as connection:
            return tuple(_evidence(warehouse, connection, table, rows) for table, rows in removed.items())


@dataclass
class _Sieve:
    """Finds what has to go, and writes anew the files that hold it; `changes` is what the next state then has."""

    warehouse: Warehouse
    connection: Opened
    as_of: datetime
    changes: dict[str, dict[str, list[Path]]] = field(default_factory=dict)

    def sift(self, table: str, types: Mapping[str, str]) -> int:
        """Write the table's parts without what has to go; returns how many rows went."""
        gone = 0
        for part, files in self.warehouse.manifest().parts(table).items():
            lost = {file: self._lost(table, self.warehouse.rows_of([file], types)) for file in files}
            touched = [file for file, rows in lost.items() if rows]
            if touched:
                kept_files = [self.warehouse.root / file for file in files if not lost[file]]
                left = self._left(table, self.warehouse.rows_of(touched, types))
                self.changes.setdefault(table, {})[part] = [*kept_files, *self._written(left, table, part)]
                gone += sum(lost.values())
        return gone

    def _lost(self, table: str, rows: str) -> int:
        counts = f"SELECT (SELECT count(*) FROM ({rows})) - (SELECT count(*) {self._left(table, rows)})"
        return int(self.connection.execute(counts).fetchall()[0][0])

    def _written(self, left: str, table: str, part: str) -> list[Path]:
        """The files of what is left; none when nothing is."""
        some = self.connection.execute(f"SELECT EXISTS ({left})").fetchall()[0][0]
        return self.warehouse.write(self.connection, left, table, part) if some else []

    def _left(self, table: str, rows: str) -> str:
        condition = kept(self.warehouse.catalogue, table, self.as_of) if _retention(self.warehouse, table) else "true"
        return f"FROM ({rows}) ANTI JOIN stored_tombstones USING (member_id) WHERE {condition}"


def _evidence(warehouse: Warehouse, connection: Opened, table: str, removed: int) -> Retained:
    """What is stored of the table now."""
    moment = _MOMENTS.get(table)
    oldest = "NULL" if moment is None else f"min({name(moment)})"
    [(left, first)] = connection.execute(f"SELECT count(*), {oldest} FROM stored_{table}").fetchall()
    return Retained(table, _retention(warehouse, table), removed, left, None if first is None else instant_of(first))


def _retention(warehouse: Warehouse, table: str) -> timedelta | None:
    return warehouse.catalogue.retention(table) if table in warehouse.catalogue.tables else None
