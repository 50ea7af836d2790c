"""A separate ledger and warehouse for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from audiences import tables as _tables  # noqa: F401 - registers its tables
from audiences.warehouse.warehouse import Warehouse
from campaigns.store.ledger.connection import Ledger
from tests.support.import_target import CATALOGUE, ImportTarget


@pytest.fixture
def target(tmp_path: Path) -> Iterator[ImportTarget]:
    ledger = Ledger.from_path(tmp_path / "ledger.sqlite")
    SQLModel.metadata.create_all(ledger.engine)
    yield ImportTarget(tmp_path, ledger, Warehouse(tmp_path / "ware house", CATALOGUE))
    ledger.close()
