"""The engines, each started once a session, and the casebook that they are asked."""

from collections.abc import Iterator

import pytest

from tests.engines.casebook import Casebook, casebook
from tests.engines.postgres import PostgresWorld, server
from tests.rules.world import Warehouse


@pytest.fixture(scope="session")
def cases() -> Casebook:
    return casebook()


@pytest.fixture(scope="session")
def duckdb() -> Warehouse:
    return Warehouse()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresWorld]:
    with server() as engine:
        yield PostgresWorld(engine)
