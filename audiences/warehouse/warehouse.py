"""Warehouse: in-memory DuckDB over the Parquet files of the manifest, with the views that rules read."""

import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from audiences.warehouse import columns
from audiences.warehouse.category_values import category_values
from audiences.warehouse.manifest import (
    FilesByPart,
    MemberSpan,
    WarehouseManifest,
    read_manifest,
    write_lock,
    write_manifest,
)
from audiences.warehouse.product_kinds import ProductKinds, kind_columns, kinds_query, read_product_kinds
from audiences.warehouse.sql_quoting import quote_identifier, quote_literal
from audiences.warehouse.views import stored_tables, view_queries
from campaigns.core.model.catalogue import Catalogue

if TYPE_CHECKING:
    import duckdb

_MEMORY: Final = "1500MB"  # larger results spill to disk: a plan of millions stays below 3 GB
_FILES: Final = "(FORMAT parquet, COMPRESSION zstd, ROW_GROUPS_PER_FILE 32)"  # of 122,880 rows: four million in a file
_CONFIG: Final = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}

WarehouseConnection: TypeAlias = "duckdb.DuckDBPyConnection"
"""A connection to an open warehouse."""

StoreRow: TypeAlias = Mapping[str, Any]
"""Values of a store by column."""

_MemberFilter: TypeAlias = tuple[Collection[str], bool]  # these members' rows only, and whether they are read at once

WHOLE_TABLE: Final = ""
"""Name of the only part of an undivided table."""

STAGING_PREFIX: Final = "staging-"
"""Prefix of the folders that imports work in."""

AGGREGATES_FOLDER: Final = "totals"
"""Folder of cached aggregates over purchases; deleted with the superseded files."""

KINDS_FOLDER: Final = "kinds"
"""Folder of cached product kinds; deleted with the superseded files."""


class Warehouse:
    """Warehouse of the workspace (`data/warehouse`): profile, products, stores, receipts and purchase lines.

    Files are never changed, only superseded; a reader sees the state in which it connected.
    `delete_superseded` removes superseded files.
    """

    def __init__(self, root: Path, catalogue: Catalogue) -> None:
        self.root = root
        self.catalogue = catalogue
        self._stores: tuple[tuple[str, ...], Mapping[str, StoreRow]] | None = None
        self._product_kinds: tuple[tuple[str, ...], ProductKinds] | None = None

    def manifest(self) -> WarehouseManifest:
        """Return the present state."""
        return read_manifest(self.root)

    def connect(self, as_of: datetime) -> WarehouseConnection:
        """Return a connection with the views `members`, `products`, `receipts` and `purchase_lines`.

        Rows past their retention at `as_of` (aware), lines of special goods and erased members are not in them.
        All ids are text, all timestamps UTC without a zone. Tables that were never imported are empty.
        """
        return self._connect(read_manifest(self.root), as_of)

    def connect_for_members(
        self, members: Collection[str], as_of: datetime, *, eager: bool = False
    ) -> WarehouseConnection:
        """Return a connection with the same views, with rows of these members only; only their files are opened.

        `eager` reads the rows once, for many queries; otherwise each query reads them.
        """
        return self._connect(read_manifest(self.root), as_of, (members, eager))

    def categories(self) -> Mapping[str, frozenset[str]]:
        """Return the values of each column declared with `categories: true`, as of the last import.

        Columns without values are left out: rules may name values before they are imported.
        """
        return {column: frozenset(values) for column, values in read_manifest(self.root).categories.items() if values}

    def product_kinds(self, manifest: WarehouseManifest | None = None) -> ProductKinds:
        """Return the kinds of the products in a state, the present one by default; special goods included."""
        files = (manifest or read_manifest(self.root)).files("products")
        if self._product_kinds is None or self._product_kinds[0] != files:
            paths = [self.root / file for file in files]
            kinds = read_product_kinds(
                self.root / KINDS_FOLDER, paths, self.catalogue, lambda: self._fetch_kinds(files)
            )
            self._product_kinds = files, kinds
        return self._product_kinds[1]

    def stores(self) -> Mapping[str, StoreRow]:
        """Return the stores by `store_id`, each with its columns (None where unknown); none before their import."""
        files = read_manifest(self.root).files("stores")
        if self._stores is None or self._stores[0] != files:
            self._stores = files, self._fetch_stores(files) if files else {}
        return self._stores[1]

    def newest_receipt_at(self) -> datetime | None:
        """Return a moment (aware) that no receipt lies after, by the files' statistics; None when unknown."""
        import duckdb

        with closing(duckdb.connect(":memory:", config=dict(_CONFIG))) as connection:
            [(newest,)] = connection.execute(self._newest_sql(read_manifest(self.root).parts("receipts"))).fetchall()
        return None if newest is None else newest.replace(tzinfo=UTC)

    @contextmanager
    def write_lock(self) -> Iterator[None]:
        """Hold the write lock; raise UserError when another process has it."""
        with write_lock(self.root):
            yield

    def new_file_path(self, table: str, part: str = WHOLE_TABLE) -> Path:
        """Return the path of a part's file in the next state; call while holding the write lock."""
        version = read_manifest(self.root).version + 1
        return self.root / f"{'-'.join(filter(None, (table, part, str(version))))}.parquet"

    def write_files(self, connection: WarehouseConnection, query: str, table: str, part: str) -> list[Path]:
        """Write a query's rows, in their order, as a part's files of the next state; call while holding the write lock.

        A file has some millions of rows, so that the files opened for one member have short footers: see
        `connect_for_members`.
        """
        folder = self.root / f"{STAGING_PREFIX}{table}-{part}"
        shutil.rmtree(folder, ignore_errors=True)
        connection.execute(f"COPY ({query}) TO {quote_literal(str(folder))} {_FILES}")
        stem = self.new_file_path(table, part).stem
        parquet_files = sorted(folder.iterdir(), key=lambda path: (len(path.name), path.name))  # data_2 before data_10
        files = [path.rename(self.root / f"{stem}-{number}.parquet") for number, path in enumerate(parquet_files)]
        folder.rmdir()
        return files

    def publish_state(self, changes: Mapping[str, Mapping[str, Collection[Path]]], as_of: datetime) -> None:
        """Publish new files, by table and part, as the next state; call while holding the write lock.

        A part with no file is dropped. A crash before the end leaves the present state.
        """
        parts: dict[str, FilesByPart] = {
            table: {part: tuple(path.name for path in paths) for part, paths in by_part.items()}
            for table, by_part in changes.items()
        }
        next_state = read_manifest(self.root).with_parts(parts)
        with closing(
            self._connect(next_state.with_tables_only("members", "products", "tombstones"), as_of)
        ) as connection:
            spans = self._spans(connection, next_state)
            categories = (
                next_state.categories
                if changes.keys() == {"tombstones"}
                else category_values(connection, self.catalogue)
            )
        write_manifest(self.root, replace(next_state, categories=categories, spans=spans))

    def delete_superseded(self) -> int:
        """Delete the files that the present state does not name; return how many. Call while holding the write lock.

        Readers of an older state fail.
        """
        for cache in (AGGREGATES_FOLDER, KINDS_FOLDER):
            shutil.rmtree(self.root / cache, ignore_errors=True)
        for folder in self.root.glob(f"{STAGING_PREFIX}*"):  # of an import that was killed
            shutil.rmtree(folder)
        manifest = read_manifest(self.root)
        in_use = {name for table in manifest.tables for name in manifest.files(table)}
        superseded = [path for path in self.root.glob("*.parquet") if path.name not in in_use]
        for path in superseded:
            path.unlink()
        return len(superseded)

    def select_stored(self, table: str, types: Mapping[str, str], parts: Collection[str] | None = None) -> str:
        """Return the SELECT of a table as stored, erased and special rows included; of some parts, or of all."""
        by_part = read_manifest(self.root).parts(table)
        wanted = by_part if parts is None else [part for part in parts if part in by_part]
        return self.select_files((name for part in wanted for name in by_part[part]), types)

    def select_files(self, files: Iterable[str], types: Mapping[str, str]) -> str:
        """Return the SELECT of typed rows of some files; a column that a file lacks is NULL."""
        nulls = ", ".join(f"NULL::{type_} AS {quote_identifier(column)}" for column, type_ in types.items())
        empty = f"SELECT {nulls} WHERE false"
        paths = ", ".join(quote_literal(str(self.root / file)) for file in files)
        if not paths:
            return empty
        typed = ", ".join(
            f"{quote_identifier(column)}::{type_} AS {quote_identifier(column)}" for column, type_ in types.items()
        )
        return (
            f"SELECT {typed} FROM ({empty} UNION ALL BY NAME SELECT * FROM read_parquet([{paths}], union_by_name=true))"
        )

    def _connect(
        self, manifest: WarehouseManifest, as_of: datetime, member_filter: _MemberFilter | None = None
    ) -> WarehouseConnection:
        import duckdb  # imported late: a check of files reads the manifest alone

        connection = duckdb.connect(":memory:", config=dict(_CONFIG))
        connection.execute("SET enable_progress_bar = false")  # commands draw their own
        connection.execute(f"SET memory_limit = {quote_literal(_MEMORY)}")
        connection.execute(f"SET temp_directory = {quote_literal(str(self.root / 'spill'))}")
        for table, types in stored_tables(self.catalogue).items():
            kind, rows = self._stored_table(manifest, table, types, member_filter)
            connection.execute(f"CREATE {kind} stored_{table} AS {rows}")
        for view, query in view_queries(self.catalogue, as_of, self.product_kinds(manifest)).items():
            connection.execute(f"CREATE VIEW {view} AS {query}")
        for view, table in (("receipts", "receipts"), ("purchase_lines", "purchases")):
            connection.execute(f"CREATE VIEW newest_{view} AS {self._newest_sql(manifest.parts(table))}")
        return connection

    def kinds_of_products(self, product_ids: Collection[str]) -> Mapping[str, tuple[str | None, ...]]:
        """Return the kind of each of these products that the register has, special goods included."""
        import duckdb

        files, names = self.manifest().files("products"), kind_columns(self.catalogue)
        if not files:
            return {}
        source = self.select_files(files, columns.stored_product_columns(self.catalogue))
        listed = ", ".join(map(quote_identifier, ("product_id", *names)))
        query = f"SELECT {listed} FROM ({source}) WHERE product_id IN (SELECT unnest(?::VARCHAR[]))"
        with closing(duckdb.connect(":memory:", config=dict(_CONFIG))) as connection:
            rows = connection.execute(query, [sorted(product_ids)]).fetchall()
        return {product_id: tuple(kind) for product_id, *kind in rows}

    def _fetch_kinds(self, files: Iterable[str]) -> list[tuple[object, ...]]:
        import duckdb

        source = self.select_files(files, columns.stored_product_columns(self.catalogue))
        with closing(duckdb.connect(":memory:", config=dict(_CONFIG))) as connection:
            return connection.execute(kinds_query(source, kind_columns(self.catalogue))).fetchall()

    def _fetch_stores(self, files: Iterable[str]) -> Mapping[str, StoreRow]:
        import duckdb

        types = columns.store_columns(self.catalogue)
        with closing(duckdb.connect(":memory:", config=dict(_CONFIG))) as connection:
            rows = connection.execute(f"{self.select_files(files, types)} ORDER BY store_id").fetchall()
        return {row[0]: dict(zip(types, row, strict=True)) for row in rows}

    def _newest_sql(self, parts: FilesByPart) -> str:
        """Return SQL: a moment that no row lies after, from the files' statistics; NULL when unknown.

        Parts are named by months, so that the last one has the newest rows.
        """
        paths = ", ".join(
            quote_literal(str(self.root / file)) for file in parts.get(max(parts, default=WHOLE_TABLE), ())
        )
        if not paths:
            return "SELECT NULL::TIMESTAMP AS purchased_at"
        known = "CASE WHEN count(*) = count(stats_max_value) THEN max(stats_max_value::TIMESTAMP) END AS purchased_at"
        return f"SELECT {known} FROM parquet_metadata([{paths}]) WHERE path_in_schema = 'purchased_at'"

    def _stored_table(
        self, manifest: WarehouseManifest, table: str, types: Mapping[str, str], member_filter: _MemberFilter | None
    ) -> tuple[str, str]:
        """Return the type of `stored_<table>`, a view or a table, and the SELECT of its rows."""
        if member_filter is None or "member_id" not in types:
            return "VIEW", self.select_files(manifest.files(table), types)
        members, eager = member_filter
        rows = self.select_files(manifest.files_with_members(table, members), types)
        wanted = ", ".join(map(quote_literal, members))
        return "TABLE" if eager else "VIEW", f"SELECT * FROM ({rows}) WHERE member_id IN ({wanted})"

    def _spans(self, connection: WarehouseConnection, manifest: WarehouseManifest) -> dict[str, MemberSpan]:
        """Return the first and last member of every file whose statistics name them."""
        people = [table for table, types in stored_tables(self.catalogue).items() if "member_id" in types]
        files = [file for table in people for file in manifest.files(table)]
        known = {file: manifest.spans[file] for file in files if file in manifest.spans}
        paths = ", ".join(quote_literal(str(self.root / file)) for file in files if file not in known)
        if not paths:
            return known
        rows = connection.execute(
            "SELECT parse_filename(file_name), min(stats_min_value), max(stats_max_value) "
            f"FROM parquet_metadata([{paths}]) WHERE path_in_schema = 'member_id' GROUP BY ALL "
            "HAVING bool_and(stats_min_value IS NOT NULL OR stats_null_count = num_values) "
            "AND min(stats_min_value) IS NOT NULL"
        ).fetchall()
        return known | {file: (first, last) for file, first, last in rows}
