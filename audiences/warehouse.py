"""The warehouse: DuckDB in memory over the Parquet files that the manifest names, as the views that rules read."""

import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from audiences import columns
from audiences.manifest import Manifest, Parts, Span, one_writer, read, swap
from audiences.quoting import name, text
from audiences.views import stored_tables, views
from campaigns.spec.catalogue import Catalogue

if TYPE_CHECKING:
    import duckdb

_MEMORY: Final = "1500MB"  # what is larger goes through the disk: a plan of millions stays below 3 GB
_FILES: Final = "(FORMAT parquet, COMPRESSION zstd, ROW_GROUPS_PER_FILE 32)"  # of 122,880 rows: four million in a file
_CONFIG: Final = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}

Opened: TypeAlias = "duckdb.DuckDBPyConnection"
"""A connection to an open warehouse."""

WHOLE: Final = ""
"""The part of a table that is not divided."""

STAGING: Final = "staging-"
"""How the folders begin in which imports work."""

TOTALS: Final = "totals"
"""The folder of what was summed over purchases and may be summed again; emptied by a sweep."""


@dataclass(frozen=True, slots=True)
class _Narrowing:
    members: Collection[str]
    at_once: bool


class Warehouse:
    """The workspace's `data/warehouse`: profile, products, receipts and purchase lines.

    Files are never changed, only superseded; a reader sees the state in which it connected. `sweep` removes
    superseded files.
    """

    def __init__(self, root: Path, catalogue: Catalogue) -> None:
        self.root = root
        self.catalogue = catalogue

    def manifest(self) -> Manifest:
        """The present state."""
        return read(self.root)

    def connect(self, as_of: datetime) -> Opened:
        """A connection with the views `members`, `products`, `receipts` and `purchase_lines`, as they may be read.

        What is past its retention at `as_of` (aware), lines of special goods and erased members are not in them.
        All ids are text, all timestamps UTC without a zone. Tables that were never imported are empty.
        """
        return self._connect(read(self.root), as_of)

    def about(self, members: Collection[str], as_of: datetime, *, at_once: bool = False) -> Opened:
        """A connection with the same views, in which these members alone have rows: only their files are opened.

        Those rows are read `at_once`, for many questions, or else when they are asked for.
        """
        return self._connect(read(self.root), as_of, _Narrowing(members, at_once=at_once))

    def categories(self) -> Mapping[str, frozenset[str]]:
        """The values that stand in each column declared with `categories: true`, as of the last import.

        A column without any is not among them: rules may name its values before they have been imported.
        """
        return {column: frozenset(values) for column, values in read(self.root).categories.items() if values}

    def newest(self) -> datetime | None:
        """A moment (aware) that no receipt lies after, by the files' own statistics; None when it is not known."""
        import duckdb

        with closing(duckdb.connect(":memory:", config=dict(_CONFIG))) as connection:
            [(found,)] = connection.execute(self._newest(read(self.root).parts("receipts"))).fetchall()
        return None if found is None else found.replace(tzinfo=UTC)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the one writer's place; AuthorError when another process has it."""
        with one_writer(self.root):
            yield

    def new_file(self, table: str, part: str = WHOLE) -> Path:
        """Where the next state's file of a part belongs; call while `writing`."""
        version = read(self.root).version + 1
        return self.root / f"{'-'.join(filter(None, (table, part, str(version))))}.parquet"

    def write(self, connection: Opened, query: str, table: str, part: str) -> list[Path]:
        """Write a query's rows as the next state's files of a part, in their order; call while `writing`.

        A file has some millions of rows, so that those that a member may be in have short footers: see `about`.
        """
        folder = self.root / f"{STAGING}{table}-{part}"
        shutil.rmtree(folder, ignore_errors=True)
        connection.execute(f"COPY ({query}) TO {text(str(folder))} {_FILES}")
        stem = self.new_file(table, part).stem
        written = sorted(folder.iterdir(), key=lambda path: (len(path.name), path.name))  # data_2 before data_10
        files = [path.rename(self.root / f"{stem}-{number}.parquet") for number, path in enumerate(written)]
        folder.rmdir()
        return files

    def replace(self, changes: Mapping[str, Mapping[str, Collection[Path]]], as_of: datetime) -> None:
        """Publish new files, by table and part, as the next state; call while `writing`.

        A part with no file is dropped. A crash before the end leaves the present state.
        """
        parts: dict[str, Parts] = {
            table: {part: tuple(path.name for path in paths) for part, paths in by_part.items()}
            for table, by_part in changes.items()
        }
        following = read(self.root).with_parts(parts)
        with closing(self._connect(following.only("members", "products", "tombstones"), as_of)) as connection:
            spans = self._spans(connection, following)
            categories = following.categories if changes.keys() == {"tombstones"} else self._categories(connection)
        swap(self.root, replace(following, categories=categories, spans=spans))

    def sweep(self) -> int:
        """Delete what the present state does not name; returns how many files; call while `writing`.

        Readers of an older state fail.
        """
        shutil.rmtree(self.root / TOTALS, ignore_errors=True)
        for folder in self.root.glob(f"{STAGING}*"):  # of an import that was killed
            shutil.rmtree(folder)
        manifest = read(self.root)
        named = {name for table in manifest.tables for name in manifest.files(table)}
        superseded = [path for path in self.root.glob("*.parquet") if path.name not in named]
        for path in superseded:
            path.unlink()
        return len(superseded)

    def stored_rows(self, table: str, types: Mapping[str, str], parts: Collection[str] | None = None) -> str:
        """The SELECT of a table's rows as stored, erased and special ones included; of some parts, or of all."""
        by_part = read(self.root).parts(table)
        wanted = by_part if parts is None else [part for part in parts if part in by_part]
        return self.rows_of((name for part in wanted for name in by_part[part]), types)

    def rows_of(self, files: Iterable[str], types: Mapping[str, str]) -> str:
        """The SELECT of typed rows of some files; a column that a file was written without is NULL."""
        nothing = ", ".join(f"NULL::{type_} AS {name(column)}" for column, type_ in types.items())
        empty = f"SELECT {nothing} WHERE false"
        paths = ", ".join(text(str(self.root / file)) for file in files)
        if not paths:
            return empty
        typed = ", ".join(f"{name(column)}::{type_} AS {name(column)}" for column, type_ in types.items())
        return (
            f"SELECT {typed} FROM ({empty} UNION ALL BY NAME SELECT * FROM read_parquet([{paths}], union_by_name=true))"
        )

    def _connect(self, manifest: Manifest, as_of: datetime, narrowing: "_Narrowing | None" = None) -> Opened:
        import duckdb  # by those only who ask it: a check of files reads the manifest alone

        connection = duckdb.connect(":memory:", config=dict(_CONFIG))
        connection.execute("SET enable_progress_bar = false")  # a command draws its own
        connection.execute(f"SET memory_limit = {text(_MEMORY)}")
        connection.execute(f"SET temp_directory = {text(str(self.root / 'spill'))}")
        for table, types in stored_tables(self.catalogue).items():
            kind, rows = self._stored(manifest, table, types, narrowing)
            connection.execute(f"CREATE {kind} stored_{table} AS {rows}")
        for view, query in views(self.catalogue, as_of).items():
            connection.execute(f"CREATE VIEW {view} AS {query}")
        for view, table in (("receipts", "receipts"), ("purchase_lines", "purchases")):
            connection.execute(f"CREATE VIEW newest_{view} AS {self._newest(manifest.parts(table))}")
        return connection

    def _newest(self, parts: Parts) -> str:
        """A moment that no row lies after, from the files' own statistics; NULL when it is not known.

        Parts are named by months, so that the last one has the newest rows.
        """
        paths = ", ".join(text(str(self.root / file)) for file in parts.get(max(parts, default=WHOLE), ()))
        if not paths:
            return "SELECT NULL::TIMESTAMP AS purchased_at"
        known = "CASE WHEN count(*) = count(stats_max_value) THEN max(stats_max_value::TIMESTAMP) END AS purchased_at"
        return f"SELECT {known} FROM parquet_metadata([{paths}]) WHERE path_in_schema = 'purchased_at'"

    def _stored(
        self, manifest: Manifest, table: str, types: Mapping[str, str], narrowing: "_Narrowing | None"
    ) -> tuple[str, str]:
        """What `stored_<table>` is, a view or a table, and its rows."""
        if narrowing is None or "member_id" not in types:
            return "VIEW", self.rows_of(manifest.files(table), types)
        rows = self.rows_of(manifest.files_about(table, narrowing.members), types)
        wanted = ", ".join(map(text, narrowing.members))
        return "TABLE" if narrowing.at_once else "VIEW", f"SELECT * FROM ({rows}) WHERE member_id IN ({wanted})"

    def _spans(self, connection: Opened, manifest: Manifest) -> dict[str, Span]:
        """The first and last member of every file that says so in its own statistics."""
        people = [table for table, types in stored_tables(self.catalogue).items() if "member_id" in types]
        files = [file for table in people for file in manifest.files(table)]
        known = {file: manifest.spans[file] for file in files if file in manifest.spans}
        paths = ", ".join(text(str(self.root / file)) for file in files if file not in known)
        if not paths:
            return known
        found = connection.execute(
            "SELECT parse_filename(file_name), min(stats_min_value), max(stats_max_value) "
            f"FROM parquet_metadata([{paths}]) WHERE path_in_schema = 'member_id' GROUP BY ALL "
            "HAVING bool_and(stats_min_value IS NOT NULL OR stats_null_count = num_values) "
            "AND min(stats_min_value) IS NOT NULL"
        ).fetchall()
        return known | {file: (first, last) for file, first, last in found}

    def _categories(self, connection: Opened) -> dict[str, tuple[str, ...]]:
        return {
            **self._values(connection, "members", columns.members(self.catalogue)),
            **self._values(connection, "products", columns.products(self.catalogue)),
        }

    def _values(self, connection: Opened, table: str, types: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        declared = self.catalogue.tables[table].columns
        found = {}
        for column in types:
            if column in declared and declared[column].categories:
                query = f"SELECT DISTINCT {name(column)} FROM {table} WHERE {name(column)} IS NOT NULL ORDER BY ALL"
                found[column] = tuple(str(value) for (value,) in connection.execute(query).fetchall())
        return found
