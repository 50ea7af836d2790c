"""Fixtures: rule engines, each started once a session, and the cases of the tables."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import URL, create_engine

from tests.support.postgresql_server import schema
from tests.support.postgresql_warehouse import PostgresWorld
from tests.support.rule_cases import RuleCases, all_rule_cases
from tests.support.rule_world import DuckdbWorld

if TYPE_CHECKING:
    from tests.support.spark_warehouse import SparkWorld


@pytest.fixture(scope="session")
def cases() -> RuleCases:
    return all_rule_cases()


@pytest.fixture(scope="session")
def duckdb() -> DuckdbWorld:
    return DuckdbWorld()


@pytest.fixture(scope="session")
def postgresql(postgresql_server: URL) -> Iterator[PostgresWorld]:
    with schema(postgresql_server) as address:
        engine = create_engine(address.set(drivername="postgresql+psycopg"))
        yield PostgresWorld(engine)
        engine.dispose()


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> "SparkWorld":
    from audiences.warehouse.spark import SparkWarehouse
    from tests.support.spark_warehouse import SparkWorld

    return SparkWorld(SparkWarehouse("local[2]"), tmp_path_factory.mktemp("spark"))
