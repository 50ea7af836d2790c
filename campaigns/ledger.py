"""The ledger's connection: short write transactions, snapshot reads, and columns by Arrow. Knows no table."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Semaphore
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import URL, Connection, Dialect, Engine, Table, make_url

from campaigns import ledger_sqlite

Rows = Iterable[Sequence[Any]]
Guard = Callable[[Connection], None]
Told = Callable[[int], None]
_Prepare = Callable[[Any], Any]

_WRITERS: Final = 8
"""So many threads of a process wait for the one writer with a connection each; more wait without one, so that who only
reads finds one free.
"""


class Database(Protocol):
    """What each kind of database does in its own way (`ledger_sqlite`, `ledger_postgresql`)."""

    def connect(self, url: URL, /) -> Engine: ...
    def writing(self, engine: Engine, /) -> AbstractContextManager[Connection]: ...
    def reading(self, engine: Engine, /) -> AbstractContextManager[Connection]: ...
    def columns(self, engine: Engine, query: str, /) -> pa.Table: ...
    def texts(self, engine: Engine, tables: Mapping[str, Mapping[str, str]], /) -> dict[str, pa.Table]: ...
    def append(self, connection: Connection, table: Table, names: Sequence[str], rows: Rows, /) -> None: ...
    def pour(
        self, engine: Engine, table: Table, rows: pa.RecordBatchReader, room: Path, /, *, guard: Guard, told: Told
    ) -> None: ...
    def analyse(self, engine: Engine, tables: Sequence[Table], /) -> None: ...


class Ledger:
    """One database of contact, choices, runs and deliveries: an SQLite file, or a schema of PostgreSQL.

    There is one writer at a time, on whatever machine: what a write transaction read stays true until it commits. It
    is rolled back on any exception; a crash inside one leaves nothing of it. A commit that returned is on disk.
    """

    def __init__(self, url: str) -> None:
        address = make_url(url)
        self._database = _database(address.get_backend_name())
        self.engine = self._database.connect(address)
        self._writers = Semaphore(_WRITERS)

    @classmethod
    def at(cls, path: Path) -> "Ledger":
        """The ledger in the SQLite file `path`, whose folder is made when missing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        return cls(f"sqlite:///{path}")

    @property
    def is_shared(self) -> bool:
        """Whether other machines reach it, too."""
        return self.engine.dialect.name == "postgresql"

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the one writer; keep it under 100 ms."""
        with self._writers, self._database.writing(self.engine) as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one snapshot and writes nothing."""
        with self._database.reading(self.engine) as connection:
            yield connection

    def arrow(self, query: str) -> pa.Table:
        """The rows of a query, in SQL that every database reads, as Arrow columns from one snapshot.

        Types are the database's: SQLite has numbers for booleans and texts for instants (see `instants`).
        """
        return self._database.columns(self.engine, query)

    def texts(self, tables: Mapping[str, Mapping[str, str]]) -> dict[str, pa.Table]:
        """Whole tables from one snapshot, in no order: of each, columns by name and SQL, all text, NULL for ''."""
        return self._database.texts(self.engine, tables)

    def pour(self, table: Table, rows: pa.RecordBatchReader, room: Path, *, guard: Guard, told: Told) -> None:
        """Store many rows in many short transactions, between which others write; keep rows in the order of the key.

        `guard` is asked in each and ends it by raising; `told` hears how many each stored. A crash leaves some stored,
        and perhaps a copy in the folder `room`.
        """
        self._database.pour(self.engine, table, rows, room, guard=guard, told=told)

    def analyse(self, *tables: Table) -> None:
        """Let the database look at tables into which much was put, so that it plans their queries well."""
        self._database.analyse(self.engine, tables)

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def append(connection: Connection, table: Table, names: Sequence[str], rows: Rows) -> None:
    """Insert many rows of the named columns, in the fastest way that the connection's database has."""
    prepare = [_prepared(table.c[name].type, connection.dialect) for name in names]
    if any(prepare):
        rows = ([each(cell) if each else cell for each, cell in zip(prepare, row, strict=True)] for row in rows)
    _database(connection.dialect.name).append(connection, table, names, rows)


def instants(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of instants from `Ledger.arrow` as naive UTC, as the warehouse has them."""
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us"))
    return pc.cast(pc.utf8_slice_codeunits(column, 0, 26), pa.timestamp("us"))


def _prepared(type_: Any, dialect: Dialect) -> _Prepare | None:
    """How a column's type gives a value to the driver; None: as it is."""
    processor: _Prepare | None = type_.dialect_impl(dialect).bind_processor(dialect)
    return processor


def _database(name: str) -> Database:
    if name == "postgresql":
        from campaigns import ledger_postgresql

        return ledger_postgresql
    return ledger_sqlite
