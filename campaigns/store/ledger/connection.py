"""Connection of the ledger: short write transactions, snapshot reads, and columns as Arrow. Knows no table."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Semaphore
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import URL, Connection, Dialect, Engine, Table, make_url

from campaigns.core.private_files import make_parents
from campaigns.store.ledger import sqlite

Rows = Iterable[Sequence[Any]]
TransactionGuard = Callable[[Connection], None]
ProgressCallback = Callable[[int], None]
_Bind = Callable[[Any], Any]

_WRITERS: Final = 8
"""Threads of a process that may hold a connection while they wait for the one writer.

More threads wait without one, so that readers find a free connection.
"""


class DatabaseBackend(Protocol):
    """Operations that each kind of database implements in its own way (`sqlite`, `postgresql`)."""

    def connect(self, url: URL, /) -> Engine: ...
    def write_transaction(self, engine: Engine, /) -> AbstractContextManager[Connection]: ...
    def read_transaction(self, engine: Engine, /) -> AbstractContextManager[Connection]: ...
    def fetch_arrow(self, engine: Engine, query: str, /) -> pa.Table: ...
    def fetch_texts(self, engine: Engine, tables: Mapping[str, Mapping[str, str]], /) -> dict[str, pa.Table]: ...
    def append(self, connection: Connection, table: Table, names: Sequence[str], rows: Rows, /) -> None: ...
    def bulk_load(
        self,
        engine: Engine,
        table: Table,
        rows: pa.RecordBatchReader,
        folder: Path,
        /,
        *,
        guard: TransactionGuard,
        on_progress: ProgressCallback,
    ) -> None: ...
    def analyse(self, engine: Engine, tables: Sequence[Table], /) -> None: ...
    def truncate_log(self, engine: Engine, /) -> None: ...


class Ledger:
    """Database of contacts, choices, runs and deliveries: an SQLite file, or a schema of PostgreSQL.

    There is one writer at a time, across all machines: what a write transaction read stays true until it commits. Any
    exception rolls it back; a crash inside one leaves nothing of it. A returned commit is on disk.
    """

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self._backend = _backend(parsed.get_backend_name())
        self.engine = self._backend.connect(parsed)
        self._writers = Semaphore(_WRITERS)

    @classmethod
    def from_path(cls, path: Path) -> "Ledger":
        """Return the ledger in the SQLite file `path`; create its folder if needed."""
        make_parents(path)
        return cls(f"sqlite:///{path}")

    @property
    def is_shared(self) -> bool:
        """Return whether other machines can reach it, too."""
        return self.engine.dialect.name == "postgresql"

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that holds the one writer; keep it under 100 ms."""
        with self._writers, self._backend.write_transaction(self.engine) as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a read-only transaction on one snapshot."""
        with self._backend.read_transaction(self.engine) as connection:
            yield connection

    def fetch_arrow(self, query: str) -> pa.Table:
        """Return the rows of a query as Arrow columns from one snapshot; its SQL must be valid in every database.

        Types are those of the database: SQLite has numbers for booleans and texts for instants (see `to_timestamps`).
        """
        return self._backend.fetch_arrow(self.engine, query)

    def fetch_texts(self, tables: Mapping[str, Mapping[str, str]]) -> dict[str, pa.Table]:
        """Return whole tables from one snapshot, unordered: columns by name and SQL, all text, NULL for ''."""
        return self._backend.fetch_texts(self.engine, tables)

    def bulk_load(
        self,
        table: Table,
        rows: pa.RecordBatchReader,
        folder: Path,
        *,
        guard: TransactionGuard,
        on_progress: ProgressCallback,
    ) -> None:
        """Store many rows, sorted by the key, in many short transactions between which others can write.

        `guard` is called in each transaction and stops the load by raising; `on_progress` gets the number of rows of
        each. A crash leaves some rows stored, and perhaps a copy in `folder`.
        """
        self._backend.bulk_load(self.engine, table, rows, folder, guard=guard, on_progress=on_progress)

    def analyse(self, *tables: Table) -> None:
        """Update the planner statistics of tables after a bulk load."""
        self._backend.analyse(self.engine, tables)

    def truncate_log(self) -> None:
        """Empty the write-ahead log beside the database, if it has one: it repeats rows that are deleted since."""
        self._backend.truncate_log(self.engine)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def append(connection: Connection, table: Table, names: Sequence[str], rows: Rows) -> None:
    """Insert many rows of the named columns in the fastest way of the database."""
    processors = [_bind_processor(table.c[name].type, connection.dialect) for name in names]
    if any(processors):
        rows = ([bind(cell) if bind else cell for bind, cell in zip(processors, row, strict=True)] for row in rows)
    _backend(connection.dialect.name).append(connection, table, names, rows)


def to_timestamps(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of instants from `Ledger.fetch_arrow` as naive UTC, as the warehouse stores them."""
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us"))
    return pc.cast(pc.utf8_slice_codeunits(column, 0, 26), pa.timestamp("us"))


def _bind_processor(type_: Any, dialect: Dialect) -> _Bind | None:
    """Return the function that converts values of a column type for the driver; None if there is none."""
    processor: _Bind | None = type_.dialect_impl(dialect).bind_processor(dialect)
    return processor


def _backend(name: str) -> DatabaseBackend:
    if name == "postgresql":
        from campaigns.store.ledger import postgresql

        return postgresql
    return sqlite
