"""The ledger's way with PostgreSQL: psycopg for rows, COPY for many of them, ADBC for columns."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from pyarrow import csv
from sqlalchemy import URL, Connection, Engine, ExceptionContext, Table, create_engine, event

from campaigns.core.errors import AuthorError
from campaigns.store.ledger.batch_size import Portion

_CONNECTIONS: Final = 24  # of a process that has so much to do at a time; opened when they are wanted, and kept
_SESSION: Final = "-c TimeZone=UTC -c synchronous_commit=on -c lock_timeout=15s"
_ONE_WRITER: Final = """
    SELECT set_config('idle_in_transaction_session_timeout', '10s', true),
           pg_advisory_xact_lock(21837, current_schema()::regnamespace::oid::int4)
"""
"""The schema's one writer, until its transaction ends; one that says nothing for ten seconds, because its process was
stopped or its machine is gone, is ended by the server.
"""


def connect(url: URL) -> Engine:
    """An engine of sessions in UTC whose commits are on disk; AuthorError when the drivers are not installed."""
    try:
        import adbc_driver_postgresql  # noqa: F401 - `columns` needs it
        import psycopg  # noqa: F401
    except ModuleNotFoundError as error:
        message, hint = f"a ledger on PostgreSQL needs the package {error.name}", "pip install 'viesti[postgresql]'"
        raise AuthorError.about("database_url", message, "no_postgresql", hint) from error
    given = url.query.get("options", "")
    options = {"options": f"{given if isinstance(given, str) else ' '.join(given)} {_SESSION}".strip()}
    whole = url.set(drivername="postgresql+psycopg").update_query_dict(options)
    engine = create_engine(whole, hide_parameters=True, pool_size=_CONNECTIONS, pool_pre_ping=True)

    @event.listens_for(engine, "handle_error")
    def _hide(context: ExceptionContext) -> None:
        _without_values(context.original_exception)
        if context.sqlalchemy_exception is not None:
            context.sqlalchemy_exception.args = context.original_exception.args

    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that holds the ledger's one writer: what it read stays true until it commits.

    Not a lock a run: caps, choices, paces and bundle numbers all read before they write, and the answers that gather
    while a process waits go into its next transaction, so that more processes make longer transactions, not more.
    """
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(_ONE_WRITER)
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one snapshot and may write nothing."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def columns(engine: Engine, query: str) -> pa.Table:
    """The rows of a query as Arrow columns, made by the driver without an object for a row."""
    with _reader(engine) as cursor:
        cursor.execute(query)
        return cursor.fetch_arrow_table()


def texts(engine: Engine, tables: Mapping[str, Mapping[str, str]]) -> dict[str, pa.Table]:
    """Columns of whole tables as text, from one snapshot."""
    found = {}
    with _reader(engine) as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for table, shown in tables.items():
            asked = ", ".join(f"nullif(CAST({value} AS TEXT), '') AS {name}" for name, value in shown.items())
            cursor.execute(f"SELECT {asked} FROM {table}")
            found[table] = cursor.fetch_arrow_table()
    return found


@contextmanager
def _reader(engine: Engine) -> Iterator[Any]:
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(conninfo(engine)) as connection, connection.cursor() as cursor:
        yield cursor


def conninfo(engine: Engine) -> str:
    """How others reach the same schema, in the form of libpq."""
    from psycopg.conninfo import make_conninfo

    _, address = engine.dialect.create_connect_args(engine.url)
    address.pop("context", None)  # psycopg's own
    return str(make_conninfo(**address))


def append(connection: Connection, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Bring rows in by COPY."""
    with _copy(connection, table, names, "") as copy:
        for row in rows:
            copy.write_row(row)


def pour(
    engine: Engine,
    table: Table,
    rows: pa.RecordBatchReader,
    _room: Path,
    *,
    guard: Callable[[Connection], None],
    told: Callable[[int], None],
) -> None:
    """Bring all rows in by COPY in short transactions; Arrow writes them out, without an object for a row."""
    portion = Portion()
    for batch in rows:
        done = 0
        while done < batch.num_rows:
            some = batch.slice(done, portion.rows)
            written = _written(some)
            with writing(engine) as connection:
                portion.begin()
                guard(connection)
                with _copy(connection, table, some.schema.names, "(FORMAT csv)") as copy:
                    copy.write(written)
            portion.end()
            told(some.num_rows)
            done += some.num_rows


def _written(rows: pa.RecordBatch) -> memoryview:
    """Rows as CSV in which NULL is nothing and every text is in quotes, as COPY reads it."""
    target = BytesIO()
    csv.write_csv(rows, target, csv.WriteOptions(include_header=False))
    return target.getbuffer()


@contextmanager
def _copy(connection: Connection, table: Table, names: Sequence[str], form: str) -> Iterator[Any]:
    cells = ", ".join(f'"{name}"' for name in names)
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(f'COPY "{table.name}" ({cells}) FROM STDIN {form}') as copy:
            yield copy
    except Exception as error:
        _without_values(error)
        raise


def _without_values(error: BaseException) -> None:
    """Leave of a server's error what names tables and constraints; its detail quotes rows, and so addresses (OP-06)."""
    told = getattr(error, "diag", None)
    if told is not None and told.sqlstate:
        error.args = (f"{told.message_primary} [{told.sqlstate}]",)


def analyse(engine: Engine, tables: Sequence[Table]) -> None:
    """Let the planner look at tables that were filled; before it has, a claim takes twelve times as long."""
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(f"ANALYZE (SKIP_LOCKED) {', '.join(table.name for table in tables)}")
