"""The warehouse that the tests of the rule language share; every test shows it a world of its own."""

import pytest

from tests.rules.world import Warehouse


@pytest.fixture(scope="session")
def warehouse() -> Warehouse:
    return Warehouse()
