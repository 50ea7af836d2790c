"""Nightly deletion of warehouse rows past retention and of erased members (GD-03, FI-11)."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from audiences.warehouse.sql_quoting import quote_identifier
from audiences.warehouse.views import stored_tables, within_retention_sql
from audiences.warehouse.warehouse import Warehouse, WarehouseConnection
from campaigns.core.clock import from_warehouse_time
from campaigns.core.model.retention_evidence import RetentionEvidence

_MOMENTS: Final[Mapping[str, str]] = {"purchases": "purchased_at", "receipts": "purchased_at", "sent": "sent_at"}


def enforce_retention(
    warehouse: Warehouse, as_of: datetime, no_readers: Callable[[], bool]
) -> tuple[RetentionEvidence, ...]:
    """Rewrite the files with erased members or rows past retention at `as_of`, without those rows.

    Return the result for each table. Superseded files are deleted when `no_readers` returns True: it is called after
    the new state is published, and may wait; False leaves them to the next time. Tombstones stay, so that an import of
    old files brings no erased member back. A crash leaves the state before or after.
    """
    with warehouse.write_lock():
        tables = stored_tables(warehouse.catalogue)
        member_tables = [table for table, types in tables.items() if "member_id" in types and table != "tombstones"]
        with closing(warehouse.connect(as_of)) as connection:
            rewriter = _Rewriter(warehouse, connection, as_of)
            removed = {table: rewriter.rewrite(table, tables[table]) for table in member_tables}
        if rewriter.changes:
            warehouse.publish_state(rewriter.changes, as_of)
        if no_readers():
            warehouse.delete_superseded()
        with closing(warehouse.connect(as_of)) as connection:
            return tuple(_evidence(warehouse, connection, table, rows) for table, rows in removed.items())


@dataclass
class _Rewriter:
    """Rewriter of files with rows to delete; `changes` collects the parts of the next state."""

    warehouse: Warehouse
    connection: WarehouseConnection
    as_of: datetime
    changes: dict[str, dict[str, list[Path]]] = field(default_factory=dict)

    def rewrite(self, table: str, types: Mapping[str, str]) -> int:
        """Write the table's parts without the rows to delete; return how many rows were deleted."""
        deleted = 0
        for part, files in self.warehouse.manifest().parts(table).items():
            deletions = {
                file: self._count_deletions(table, self.warehouse.select_files([file], types)) for file in files
            }
            touched = [file for file, rows in deletions.items() if rows]
            if touched:
                kept_files = [self.warehouse.root / file for file in files if not deletions[file]]
                remaining = self._remaining(table, self.warehouse.select_files(touched, types))
                self.changes.setdefault(table, {})[part] = [*kept_files, *self._write(remaining, table, part)]
                deleted += sum(deletions.values())
        return deleted

    def _count_deletions(self, table: str, rows: str) -> int:
        counts = f"SELECT (SELECT count(*) FROM ({rows})) - (SELECT count(*) {self._remaining(table, rows)})"
        return int(self.connection.execute(counts).fetchall()[0][0])

    def _write(self, remaining: str, table: str, part: str) -> list[Path]:
        """Write the remaining rows; return their files, none when no row remains."""
        any_left = self.connection.execute(f"SELECT EXISTS ({remaining})").fetchall()[0][0]
        return self.warehouse.write_files(self.connection, remaining, table, part) if any_left else []

    def _remaining(self, table: str, rows: str) -> str:
        condition = (
            within_retention_sql(self.warehouse.catalogue, table, self.as_of)
            if _retention(self.warehouse, table)
            else "true"
        )
        return f"FROM ({rows}) ANTI JOIN stored_tombstones USING (member_id) WHERE {condition}"


def _evidence(warehouse: Warehouse, connection: WarehouseConnection, table: str, removed: int) -> RetentionEvidence:
    """Return the evidence for a table: removed and remaining rows, oldest moment."""
    moment = _MOMENTS.get(table)
    oldest = "NULL" if moment is None else f"min({quote_identifier(moment)})"
    [(remaining, first)] = connection.execute(f"SELECT count(*), {oldest} FROM stored_{table}").fetchall()
    return RetentionEvidence(
        table, _retention(warehouse, table), removed, remaining, None if first is None else from_warehouse_time(first)
    )


def _retention(warehouse: Warehouse, table: str) -> timedelta | None:
    return warehouse.catalogue.retention(table) if table in warehouse.catalogue.tables else None
