"""The ledger's way with SQLite: one file in WAL mode, whose one writer takes the write lock as it begins."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import URL, Connection, Engine, FromClause, Table, create_engine, event
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler

from campaigns.portion import Portion

_CONNECTIONS: Final = 24
_WRITES: Final = "viesti_writes"
_ROWS_AT_ONCE: Final = 50_000
_TEXTS_AT_ONCE: Final = 20_000
BETWEEN: Final = "\x1f"
_PATIENCE: Final = 15  # seconds
_PAUSE: Final = 0.002
_WAY: Final = 2 * _PAUSE  # left free between two transactions of many, so that everybody who waits looks meanwhile
_PRAGMAS: Final = (
    f"PRAGMA busy_timeout={_PATIENCE * 1000}",  # first: the next may wait for a process that closes
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
)


def connect(url: URL) -> Engine:
    """An engine whose transactions begin as `writing` and `reading` say, and not when the driver thinks fit."""
    # an error's text never holds an address (OP-06)
    engine = create_engine(url, hide_parameters=True, pool_size=_CONNECTIONS)
    engine.dialect.statement_compiler = _Hinting

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver starts no transaction of its own: `_begin` does
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get(_WRITES):
            _take_the_lock(connection)
        else:
            connection.exec_driver_sql("BEGIN")

    return engine


class _Hinting(SQLiteCompiler):
    """Writes what `with_hint` says behind the table's name, `INDEXED BY …`; SQLAlchemy has no hints for SQLite."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:  # noqa: ARG002 - asked with both
        """The hint as it is."""
        return text


def _take_the_lock(connection: Connection) -> None:
    """Begin to write, at the first moment when nobody else does.

    SQLite's own waiting looks again after longer and longer pauses, up to 100 ms: an unsubscription would wait for
    seconds beside a plan that stores chunk after chunk.
    """
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA busy_timeout=0")
    patience = monotonic() + _PATIENCE
    try:
        while True:
            try:
                cursor.execute("BEGIN IMMEDIATE")
                break
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > patience:
                    raise
                sleep(_PAUSE)
    finally:
        cursor.execute(f"PRAGMA busy_timeout={_PATIENCE * 1000}")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that holds the write lock from its beginning."""
    with engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees the file as it was at its first query."""
    with engine.connect() as connection, connection.begin():
        yield connection


def columns(engine: Engine, query: str) -> pa.Table:
    """The rows of a query as Arrow columns, gathered through the ledger's own driver.

    Not by ADBC, though it is faster: it brings a second SQLite library into the process, and when that closes
    the file the operating system drops this one's locks and its write-ahead log is deleted under it.
    """
    with reading(engine) as connection:
        cursor = connection.connection.cursor()
        cursor.execute(query)
        names = [column[0] for column in cursor.description]
        pieces = [_columns(names, [])]
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            pieces.append(_columns(names, rows))
    return pa.concat_tables(pieces, promote_options="permissive")


def texts(engine: Engine, tables: Mapping[str, Mapping[str, str]]) -> dict[str, pa.Table]:
    """Columns of whole tables as text, gathered by SQLite: many rows come as one value, and no value is a row's own.

    Twice as fast as `columns`.
    """
    with reading(engine) as connection:
        cursor = connection.connection.cursor()
        return {table: _texts(cursor, table, shown) for table, shown in tables.items()}


def append(connection: Connection, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows by one prepared statement."""
    cells, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
    cursor: Any = connection.connection.cursor()
    cursor.executemany(f'INSERT INTO "{table.name}" ({cells}) VALUES ({marks})', rows)


def pour(
    engine: Engine,
    table: Table,
    rows: pa.RecordBatchReader,
    room: Path,
    *,
    guard: Callable[[Connection], None],
    told: Callable[[int], None],
) -> None:
    """Insert all rows in short transactions, without an object for a row: from a file of their own beside the ledger.

    Only that file is written by ADBC, whose own SQLite library may not touch the ledger (see `columns`).
    """
    file = room / f"{table.name}.sqlite"
    file.unlink(missing_ok=True)
    names = ", ".join(f'"{name}"' for name in rows.schema.names)
    some = f'INSERT INTO "{table.name}" ({names}) SELECT {names} FROM laid.laid WHERE rowid > ? AND rowid <= ?'
    whole = _lay(file, rows)
    with engine.connect().execution_options(**{_WRITES: True}) as connection, _beside(connection, file):
        portion, done = Portion(), 0
        while done < whole:
            last = min(done + portion.rows, whole)
            with connection.begin():
                portion.begin()
                guard(connection)
                connection.connection.cursor().execute(some, (done, last))
            portion.end()
            told(last - done)
            done = last
            sleep(_WAY)
    file.unlink()


def _lay(file: Path, rows: pa.RecordBatchReader) -> int:
    """Write rows into a new file that no crash needs to leave whole; how many there were."""
    from adbc_driver_sqlite import dbapi

    with dbapi.connect(str(file), autocommit=True) as connection, connection.cursor() as cursor:
        for pragma in ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF"):
            cursor.execute(pragma)
        return int(cursor.adbc_ingest("laid", rows))


@contextmanager
def _beside(connection: Connection, file: Path) -> Iterator[None]:
    """The rows of `_lay`, as `laid.laid` for this connection."""
    cursor = connection.connection.cursor()
    cursor.execute("ATTACH ? AS laid", [str(file)])
    try:
        yield
    finally:
        cursor.execute("DETACH laid")


def analyse(_engine: Engine, _tables: Sequence[Table]) -> None:
    """Nothing: SQLite plans these queries by their indexes alone."""


def _columns(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pa.Table:
    cells = list(chain.from_iterable(rows))
    return pa.table([pa.array(cells[place :: len(names)]) for place in range(len(names))], names=names)


def _texts(cursor: Any, table: str, shown: Mapping[str, str]) -> pa.Table:
    pieces = [pa.table({name: pa.array([], pa.string()) for name in shown})]
    first, last = cursor.execute(f"SELECT min(rowid), max(rowid) FROM {table}").fetchone()
    for start in range(first or 0, (last or -1) + 1, _TEXTS_AT_ONCE):
        pieces.extend(_gathered(cursor, f"{table} WHERE rowid BETWEEN {start} AND {start + _TEXTS_AT_ONCE - 1}", shown))
    return pa.concat_tables(pieces)


def _gathered(cursor: Any, source: str, shown: Mapping[str, str]) -> Iterator[pa.Table]:
    """The rows of one stretch, if there are any."""
    asked = ", ".join(f"group_concat(coalesce({value}, ''), '{BETWEEN}')" for value in shown.values())
    rows, *texts = cursor.execute(f"SELECT count(*), {asked} FROM {source}").fetchone()
    if not rows:
        return
    found = [pc.split_pattern(pa.array([text]), BETWEEN).flatten() for text in texts]
    if any(len(values) != rows for values in found):  # what stands between the values stands in one of them, too
        cleaned = {name: f"replace({value}, '{BETWEEN}', ' ')" for name, value in shown.items()}
        yield from _gathered(cursor, source, cleaned)
        return
    yield pa.table([_or_null(values) for values in found], names=list(shown))


def _or_null(texts: pa.Array) -> pa.Array:
    return pc.if_else(pc.not_equal(texts, ""), texts, pa.scalar(None, pa.string()))
