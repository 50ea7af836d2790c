"""SQLite backend of the ledger: one file in WAL mode, whose one writer takes the write lock when it begins."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import URL, Connection, Engine, FromClause, Table, create_engine, event
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler

from campaigns.core.private_files import FILE_MODE, create_private, tighten
from campaigns.core.regular_files import require_regular
from campaigns.store.ledger.batch_size import BatchSize

_CONNECTIONS: Final = 24
_IN_MEMORY: Final = ":memory:"
_WRITES: Final = "viesti_writes"
_ROWS_AT_ONCE: Final = 50_000
_TEXTS_AT_ONCE: Final = 20_000
VALUE_SEPARATOR: Final = "\x1f"
_LOCK_TIMEOUT: Final = 15  # seconds
_RETRY_PAUSE: Final = 0.002
_GAP: Final = 2 * _RETRY_PAUSE  # between two transactions of a bulk load: waiting processes try the lock meanwhile
_PRAGMAS: Final = (
    f"PRAGMA busy_timeout={_LOCK_TIMEOUT * 1000}",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",  # what is deleted is overwritten
    "PRAGMA temp_store=MEMORY",
)


def connect(url: URL) -> Engine:
    """Return an engine whose transactions begin as in `write_transaction` and `read_transaction`, not by the driver."""
    # the text of an error never contains an address (OP-06)
    engine = create_engine(url, hide_parameters=True, pool_size=_CONNECTIONS)
    engine.dialect.statement_compiler = _HintCompiler

    @event.listens_for(engine, "do_connect")
    def _protect(_dialect: object, _record: object, _arguments: object, _options: object) -> None:
        if url.database and url.database != _IN_MEMORY:
            protect(Path(url.database))

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # `_begin` starts transactions, not the driver
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        # SQLite does not wait when two processes turn a new file into one with a log at once: one is told "locked"
        _execute_when_free(connection, "PRAGMA journal_mode=WAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get(_WRITES):
            _acquire_write_lock(connection)
        else:
            connection.exec_driver_sql("BEGIN")

    return engine


def protect(file: Path) -> None:
    """Let only the owner read a database, created if missing; SQLite gives its mode to the log and the index beside it.

    A file of another account, or on a disk that cannot be written, is SQLite's to complain about. Raise UserError for
    a device, a pipe or a folder.
    """
    with suppress(OSError):
        if file.exists():
            require_regular(file)
        create_private(file)
        for suffix in ("-wal", "-shm"):
            tighten(file.with_name(file.name + suffix), FILE_MODE)


class _HintCompiler(SQLiteCompiler):
    """SQL compiler that writes the text of `with_hint` after the table, `INDEXED BY …`; SQLAlchemy's has no hints."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:  # noqa: ARG002 - called with both
        """Return the hint unchanged."""
        return text


def _acquire_write_lock(connection: Connection) -> None:
    """Begin a write transaction as soon as no other process writes.

    SQLite's own busy handler checks at growing intervals, up to 100 ms: an unsubscription would wait for seconds beside
    a plan that stores chunk after chunk.
    """
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA busy_timeout=0")
    try:
        _execute_when_free(cursor, "BEGIN IMMEDIATE")
    finally:
        cursor.execute(f"PRAGMA busy_timeout={_LOCK_TIMEOUT * 1000}")


def _execute_when_free(cursor: Any, statement: str) -> None:
    """Execute a statement as soon as no other process holds its lock; raise SQLite's error after the lock timeout."""
    deadline = monotonic() + _LOCK_TIMEOUT
    while True:
        try:
            cursor.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > deadline:
                raise
            sleep(_RETRY_PAUSE)
        else:
            return


@contextmanager
def write_transaction(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that holds the write lock from its beginning."""
    with engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
        yield connection


@contextmanager
def read_transaction(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that sees the file as it was at its first query."""
    with engine.connect() as connection, connection.begin():
        yield connection


def fetch_arrow(engine: Engine, query: str) -> pa.Table:
    """Return the rows of a query as Arrow columns, built from rows of the ledger's own driver.

    ADBC would be faster but must not be used here: it brings a second SQLite library into the process, and when that
    closes the file, the operating system drops the locks of this one, and its write-ahead log is deleted while in use.
    """
    with read_transaction(engine) as connection:
        cursor = connection.connection.cursor()
        cursor.execute(query)
        names = [column[0] for column in cursor.description]
        chunks = [_arrow_table(names, [])]
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            chunks.append(_arrow_table(names, rows))
    return pa.concat_tables(chunks, promote_options="permissive")


def fetch_texts(engine: Engine, tables: Mapping[str, Mapping[str, str]]) -> dict[str, pa.Table]:
    """Return columns of whole tables as text, aggregated by SQLite: many rows are fetched as one value.

    Twice as fast as `fetch_arrow`.
    """
    with read_transaction(engine) as connection:
        cursor = connection.connection.cursor()
        return {table: _text_table(cursor, table, columns) for table, columns in tables.items()}


def append(connection: Connection, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows by one prepared statement."""
    columns, placeholders = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
    cursor: Any = connection.connection.cursor()
    cursor.executemany(f'INSERT INTO "{table.name}" ({columns}) VALUES ({placeholders})', rows)


def bulk_load(
    engine: Engine,
    table: Table,
    rows: pa.RecordBatchReader,
    folder: Path,
    *,
    guard: Callable[[Connection], None],
    on_progress: Callable[[int], None],
) -> None:
    """Insert all rows in short transactions from a staging file, without a Python object for each row.

    Only the staging file is written by ADBC, whose own SQLite library must not touch the ledger (see `fetch_arrow`).
    """
    staging = folder / f"{table.name}.sqlite"
    staging.unlink(missing_ok=True)
    names = ", ".join(f'"{name}"' for name in rows.schema.names)
    insert = f'INSERT INTO "{table.name}" ({names}) SELECT {names} FROM laid.laid WHERE rowid > ? AND rowid <= ?'
    total = _write_staging_file(staging, rows)
    with engine.connect().execution_options(**{_WRITES: True}) as connection, _attached(connection, staging):
        batch_size, done = BatchSize(), 0
        while done < total:
            last = min(done + batch_size.rows, total)
            with connection.begin():
                batch_size.begin()
                guard(connection)
                connection.connection.cursor().execute(insert, (done, last))
            batch_size.end()
            on_progress(last - done)
            done = last
            sleep(_GAP)
    staging.unlink()


def _write_staging_file(file: Path, rows: pa.RecordBatchReader) -> int:
    """Write rows into a new file, which need not survive a crash; return their number."""
    from adbc_driver_sqlite import dbapi

    create_private(file)
    with dbapi.connect(str(file), autocommit=True) as connection, connection.cursor() as cursor:
        for pragma in ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF"):
            cursor.execute(pragma)
        return int(cursor.adbc_ingest("laid", rows))


@contextmanager
def _attached(connection: Connection, file: Path) -> Iterator[None]:
    """Attach the staging file: its rows are `laid.laid` for this connection."""
    cursor = connection.connection.cursor()
    cursor.execute("ATTACH ? AS laid", [str(file)])
    try:
        yield
    finally:
        cursor.execute("DETACH laid")


def truncate_log(engine: Engine) -> None:
    """Write the log into the database and empty it; readers in the way leave it for the next time."""
    with engine.connect() as connection:
        connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")


def analyse(_engine: Engine, _tables: Sequence[Table]) -> None:
    """Do nothing: SQLite plans these queries by their indexes alone."""


def _arrow_table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pa.Table:
    cells = list(chain.from_iterable(rows))
    return pa.table([pa.array(cells[index :: len(names)]) for index in range(len(names))], names=names)


def _text_table(cursor: Any, table: str, columns: Mapping[str, str]) -> pa.Table:
    chunks = [pa.table({name: pa.array([], pa.string()) for name in columns})]
    first, last = cursor.execute(f"SELECT min(rowid), max(rowid) FROM {table}").fetchone()
    for start in range(first or 0, (last or -1) + 1, _TEXTS_AT_ONCE):
        chunks.extend(
            _read_range(cursor, f"{table} WHERE rowid BETWEEN {start} AND {start + _TEXTS_AT_ONCE - 1}", columns)
        )
    return pa.concat_tables(chunks)


def _read_range(cursor: Any, source: str, columns: Mapping[str, str]) -> Iterator[pa.Table]:
    """Yield the rows of one range of row ids, if there are any."""
    aggregates = ", ".join(f"group_concat(coalesce({value}, ''), '{VALUE_SEPARATOR}')" for value in columns.values())
    rows, *texts = cursor.execute(f"SELECT count(*), {aggregates} FROM {source}").fetchone()
    if not rows:
        return
    values_by_column = [pc.split_pattern(pa.array([text]), VALUE_SEPARATOR).flatten() for text in texts]
    if any(len(values) != rows for values in values_by_column):  # the separator is in one of the values, too
        cleaned = {name: f"replace({value}, '{VALUE_SEPARATOR}', ' ')" for name, value in columns.items()}
        yield from _read_range(cursor, source, cleaned)
        return
    yield pa.table([_empty_as_null(values) for values in values_by_column], names=list(columns))


def _empty_as_null(texts: pa.Array) -> pa.Array:
    return pc.if_else(pc.not_equal(texts, ""), texts, pa.scalar(None, pa.string()))
