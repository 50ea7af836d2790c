"""The engines, each started once a session, and the casebook that they are asked."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import URL, create_engine

from tests.engines.casebook import Casebook, casebook
from tests.engines.postgres import PostgresWorld
from tests.postgresql import schema
from tests.rules.world import Warehouse

if TYPE_CHECKING:
    from tests.engines.spark import SparkWorld


@pytest.fixture(scope="session")
def cases() -> Casebook:
    return casebook()


@pytest.fixture(scope="session")
def duckdb() -> Warehouse:
    return Warehouse()


@pytest.fixture(scope="session")
def postgresql(postgresql_server: URL) -> Iterator[PostgresWorld]:
    with schema(postgresql_server) as address:
        engine = create_engine(address.set(drivername="postgresql+psycopg"))
        yield PostgresWorld(engine)
        engine.dispose()


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> "SparkWorld":
    from audiences.warehouse.spark import Spark
    from tests.engines.spark import SparkWorld

    return SparkWorld(Spark("local[2]"), tmp_path_factory.mktemp("spark"))
