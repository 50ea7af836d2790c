"""The warehouse that the tests of the rule language share; every test shows it a world of its own."""

from collections.abc import Iterator

import pytest

from tests.support.rule_world import DuckdbWorld


@pytest.fixture(scope="session")
def warehouse() -> Iterator[DuckdbWorld]:
    with DuckdbWorld() as warehouse:
        yield warehouse
