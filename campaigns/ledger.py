"""The ledger's connection: short write transactions, snapshot reads, and columns by Arrow. Knows no table."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import Connection, Engine, create_engine, event

_WRITES: Final = "viesti_writes"
_ROWS_AT_ONCE: Final = 50_000
_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=15000",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
)


class Ledger:
    """One database of contact, choices, runs and deliveries: SQLite in WAL mode.

    A write transaction begins with the write lock taken (`BEGIN IMMEDIATE`) and is rolled back on any exception;
    a crash inside one leaves nothing of it.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)

    @classmethod
    def at(cls, path: Path) -> "Ledger":
        """The ledger in the SQLite file `path`, whose folder is made when missing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        return cls(f"sqlite:///{path}")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the one writer; keep it under 100 ms."""
        with self.engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one snapshot and writes nothing."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    def arrow(self, query: str) -> pa.Table:
        """The rows of a query as Arrow columns, gathered through the ledger's own driver.

        Not by ADBC, though it is faster: it brings a second SQLite library into the process, and when that closes
        the file the operating system drops this one's locks and its write-ahead log is deleted under it.
        """
        with self.read() as connection:
            cursor = connection.connection.cursor()
            cursor.execute(query)
            names = [column[0] for column in cursor.description]
            pieces = [_columns(names, [])]
            while rows := cursor.fetchmany(_ROWS_AT_ONCE):
                pieces.append(_columns(names, rows))
        return pa.concat_tables(pieces, promote_options="permissive")

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def _columns(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pa.Table:
    cells = list(chain.from_iterable(rows))
    return pa.table([pa.array(cells[place :: len(names)]) for place in range(len(names))], names=names)


def _engine(url: str) -> Engine:
    engine = create_engine(url, hide_parameters=True)  # an error's text never holds an address (OP-06)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver starts no transaction of its own: `_begin` does
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
