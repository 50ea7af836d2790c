"""Manifest of the warehouse: the immutable files of each table. Swapped atomically; knows no SQL."""

import json
import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

from campaigns.core.errors import UserError
from campaigns.core.private_files import create_private, make_private_folder, write_private

MANIFEST_FILE: Final = "manifest.json"
_LOCK: Final = "lock.sqlite"

FilesByPart = Mapping[str, tuple[str, ...]]
MemberSpan = tuple[str, str]


@dataclass(frozen=True, slots=True)
class WarehouseManifest:
    """One state of the warehouse: the file names of each table by part, and the values of category columns.

    A part is the unit that an import rewrites: a month of purchases, the whole of members or products. `spans` has the
    first and the last member of a file where they are known: a query about one member opens no other files.
    """

    version: int = 0
    tables: Mapping[str, FilesByPart] = field(default_factory=dict)
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spans: Mapping[str, MemberSpan] = field(default_factory=dict)

    def parts(self, table: str) -> FilesByPart:
        """Return the files of a table by part; none when nothing was imported."""
        return self.tables.get(table, {})

    def files(self, table: str) -> tuple[str, ...]:
        """Return all files of a table."""
        return tuple(name for names in self.parts(table).values() for name in names)

    def files_with_members(self, table: str, members: Collection[str]) -> tuple[str, ...]:
        """Return the files of a table that may have rows of these members."""
        return tuple(name for name in self.files(table) if any(self._may_hold(name, member) for member in members))

    def _may_hold(self, file: str, member_id: str) -> bool:
        first, last = self.spans.get(file, (member_id, member_id))
        return first <= member_id <= last

    def with_tables_only(self, *tables: str) -> "WarehouseManifest":
        """Return the same state with the files of these tables only."""
        return replace(self, tables={table: self.parts(table) for table in tables})

    def with_parts(self, changes: Mapping[str, FilesByPart]) -> "WarehouseManifest":
        """Return the next state: these parts replaced, or dropped where they have no file."""
        tables = dict(self.tables)
        for table, parts in changes.items():
            merged_parts = {part: names for part, names in {**self.parts(table), **parts}.items() if names}
            tables[table] = dict(sorted(merged_parts.items()))
        return replace(self, version=self.version + 1, tables=tables)


def read_manifest(root: Path) -> WarehouseManifest:
    """Return the present state of the warehouse at `root`; an empty one when nothing was imported."""
    try:
        stored = json.loads((root / MANIFEST_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return WarehouseManifest()
    tables = {table: {part: tuple(names) for part, names in parts.items()} for table, parts in stored["tables"].items()}
    categories = {column: tuple(values) for column, values in stored["categories"].items()}
    spans = {file: (first, last) for file, (first, last) in stored.get("spans", {}).items()}
    return WarehouseManifest(stored["version"], tables, categories, spans)


def write_manifest(root: Path, manifest: WarehouseManifest) -> None:
    """Make `manifest` the present state: all of it or, after a crash, nothing of it.

    The files that it names are synced to disk first.
    """
    for table in manifest.tables:
        for name in manifest.files(table):
            _sync(root / name)
    content = json.dumps(asdict(manifest), ensure_ascii=False, indent=1)
    write_private(root / MANIFEST_FILE, content.encode(), durable=True)
    if os.name == "posix":  # elsewhere a folder cannot be opened, and the rename is durable anyway
        _sync(root)


@contextmanager
def write_lock(root: Path) -> Iterator[None]:
    """Hold the write lock of the warehouse; a crash releases it. Raise UserError when another import holds it."""
    make_private_folder(root)
    create_private(root / _LOCK)
    with closing(sqlite3.connect(root / _LOCK, timeout=0, isolation_level=None)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise UserError.about(
                str(root), "another import is writing here", "warehouse_busy", "wait until it has ended"
            ) from error
        yield


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
