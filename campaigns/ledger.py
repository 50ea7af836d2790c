"""The ledger's connection: short write transactions, snapshot reads, and columns by Arrow. Knows no table."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

_WRITES: Final = "viesti_writes"
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
        """The rows of a query as Arrow columns, without a Python object a row."""
        from adbc_driver_sqlite import dbapi  # a native driver, loaded only by commands that plan

        with dbapi.connect(str(make_url(self.url).database)) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetch_arrow_table()

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def _engine(url: str) -> Engine:
    engine = create_engine(url)

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
