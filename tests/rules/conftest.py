"""Fixture: one DuckDB warehouse for all tests of the rule language; each test loads its own world."""

from collections.abc import Iterator

import pytest

from tests.support.rule_world import DuckdbWorld


@pytest.fixture(scope="session")
def warehouse() -> Iterator[DuckdbWorld]:
    with DuckdbWorld() as warehouse:
        yield warehouse
