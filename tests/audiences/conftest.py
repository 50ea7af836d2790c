"""A separate ledger and warehouse for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.import_target import ImportTarget, open_import_target


@pytest.fixture
def target(tmp_path: Path) -> Iterator[ImportTarget]:
    with open_import_target(tmp_path) as target:
        yield target
