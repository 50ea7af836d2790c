"""Fixtures: the demonstration as imported by the program, and its files as tables for hand-written SQL."""

from collections.abc import Iterator
from pathlib import Path
from string import Template

import duckdb
import pytest

from campaigns.runs.engine import Engine
from campaigns.workspace.paths import Workspace
from tests.support.named_goods import named_values

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def engine(demonstration: Path) -> Iterator[Engine]:
    engine = Engine.open(Workspace(demonstration), "tester")
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def raw(demonstration: Path, engine: Engine) -> Iterator[duckdb.DuckDBPyConnection]:
    """Connection with the tables of `raw.sql`; special products come from the catalogue."""
    special = named_values(engine.context.repository.catalogue.tables["products"].special_when.values())
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE special (col VARCHAR, val VARCHAR)")
        connection.executemany("INSERT INTO special VALUES (?, ?)", [(c, v) for c in special for v in special[c]])
        script = Template((HERE / "raw.sql").read_text(encoding="utf-8"))
        connection.execute(script.substitute(folder=demonstration / "data" / "demo"))
        yield connection
