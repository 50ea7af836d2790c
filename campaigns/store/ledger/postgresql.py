"""PostgreSQL backend of the ledger: psycopg for rows, COPY for bulk loads, ADBC for columns."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from pyarrow import csv
from sqlalchemy import URL, Connection, Engine, ExceptionContext, Table, create_engine, event

from campaigns.core.errors import UserError
from campaigns.store.ledger.batch_size import BatchSize

_CONNECTIONS: Final = 24  # most that one process uses at a time; opened on demand, then kept
_SESSION: Final = "-c TimeZone=UTC -c synchronous_commit=on -c lock_timeout=15s"
_ONE_WRITER: Final = """
    SELECT set_config('idle_in_transaction_session_timeout', '10s', true),
           pg_advisory_xact_lock(21837, current_schema()::regnamespace::oid::int4)
"""
"""Take the schema's one writer lock until the transaction ends.

The server ends a transaction that is idle for ten seconds, because its process was stopped or its machine is gone.
"""


def connect(url: URL) -> Engine:
    """Return an engine of UTC sessions whose commits are on disk; raise UserError when a driver is missing."""
    try:
        import adbc_driver_postgresql  # noqa: F401 - `fetch_arrow` needs it
        import psycopg  # noqa: F401
    except ModuleNotFoundError as error:
        message, hint = f"a ledger on PostgreSQL needs the package {error.name}", "pip install 'viesti[postgresql]'"
        raise UserError.about("database_url", message, "no_postgresql", hint) from error
    custom = url.query.get("options", "")
    options = {"options": f"{custom if isinstance(custom, str) else ' '.join(custom)} {_SESSION}".strip()}
    full_url = url.set(drivername="postgresql+psycopg").update_query_dict(options)
    engine = create_engine(full_url, hide_parameters=True, pool_size=_CONNECTIONS, pool_pre_ping=True)

    @event.listens_for(engine, "handle_error")
    def _hide(context: ExceptionContext) -> None:
        _without_values(context.original_exception)
        if context.sqlalchemy_exception is not None:
            context.sqlalchemy_exception.args = context.original_exception.args

    return engine


@contextmanager
def write_transaction(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that holds the ledger's one writer: what it read stays true until it commits.

    One writer is used instead of a lock for each run, because caps, choices, rate limits and bundle numbers are all
    read before they are written. Provider answers that gather while a process waits go into its next transaction, so
    more processes make longer transactions, not more of them.
    """
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(_ONE_WRITER)
        yield connection


@contextmanager
def read_transaction(engine: Engine) -> Iterator[Connection]:
    """Open a read-only transaction on one snapshot."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def fetch_arrow(engine: Engine, query: str) -> pa.Table:
    """Return the rows of a query as Arrow columns, built by the driver without a Python object for each row."""
    with _adbc_cursor(engine) as cursor:
        cursor.execute(query)
        return cursor.fetch_arrow_table()


def fetch_texts(engine: Engine, tables: Mapping[str, Mapping[str, str]]) -> dict[str, pa.Table]:
    """Return columns of whole tables as text, from one snapshot."""
    tables_read = {}
    with _adbc_cursor(engine) as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for table, columns in tables.items():
            cells = ", ".join(f"nullif(CAST({value} AS TEXT), '') AS {name}" for name, value in columns.items())
            cursor.execute(f"SELECT {cells} FROM {table}")
            tables_read[table] = cursor.fetch_arrow_table()
    return tables_read


@contextmanager
def _adbc_cursor(engine: Engine) -> Iterator[Any]:
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(conninfo(engine)) as connection, connection.cursor() as cursor:
        yield cursor


def conninfo(engine: Engine) -> str:
    """Return the connection string of the same schema for other clients, in libpq's form."""
    from psycopg.conninfo import make_conninfo

    _, parameters = engine.dialect.create_connect_args(engine.url)
    parameters.pop("context", None)  # psycopg's own, unknown to libpq
    return str(make_conninfo(**parameters))


def append(connection: Connection, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows by COPY."""
    with _copy(connection, table, names, "") as copy:
        for row in rows:
            copy.write_row(row)


def bulk_load(
    engine: Engine,
    table: Table,
    rows: pa.RecordBatchReader,
    _folder: Path,
    *,
    guard: Callable[[Connection], None],
    on_progress: Callable[[int], None],
) -> None:
    """Insert all rows by COPY in short transactions; Arrow writes the CSV, without a Python object for each row."""
    batch_size = BatchSize()
    for batch in rows:
        done = 0
        while done < batch.num_rows:
            chunk = batch.slice(done, batch_size.rows)
            text = _as_csv(chunk)
            with write_transaction(engine) as connection:
                batch_size.begin()
                guard(connection)
                with _copy(connection, table, chunk.schema.names, "(FORMAT csv)") as copy:
                    copy.write(text)
            batch_size.end()
            on_progress(chunk.num_rows)
            done += chunk.num_rows


def _as_csv(rows: pa.RecordBatch) -> memoryview:
    """Return rows as CSV in which NULL is empty and every text is quoted, as COPY reads it."""
    target = BytesIO()
    csv.write_csv(rows, target, csv.WriteOptions(include_header=False))
    return target.getbuffer()


@contextmanager
def _copy(connection: Connection, table: Table, names: Sequence[str], options: str) -> Iterator[Any]:
    columns = ", ".join(f'"{name}"' for name in names)
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(f'COPY "{table.name}" ({columns}) FROM STDIN {options}') as copy:
            yield copy
    except Exception as error:
        _without_values(error)
        raise


def _without_values(error: BaseException) -> None:
    """Reduce a server error to its primary message, which names tables and constraints, and its state.

    Its detail quotes rows, and so addresses (OP-06).
    """
    diagnostics = getattr(error, "diag", None)
    if diagnostics is not None and diagnostics.sqlstate:
        error.args = (f"{diagnostics.message_primary} [{diagnostics.sqlstate}]",)


def truncate_log(_engine: Engine) -> None:
    """Do nothing: the log of the server is its administrator's."""


def analyse(engine: Engine, tables: Sequence[Table]) -> None:
    """Update the planner statistics of filled tables; without them a claim takes twelve times as long."""
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(f"ANALYZE (SKIP_LOCKED) {', '.join(table.name for table in tables)}")
