"""A village on either ledger, and a run of it that providers can tell about."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from campaigns.store.ledger.connection import Ledger
from tests.support.ledgers import (
    address,
    bare,
    empty_database,
    empty_file,
    ledger,
    moved,
    pytest_generate_tests,
    village,
)
from tests.support.sample_workspace import Village
from tests.support.sent_run import Sending, afterwards, sent

__all__ = [
    "address", "bare", "empty_database", "empty_file", "ledger", "offered", "pytest_generate_tests", "sending",
    "village",
]  # fmt: skip


@pytest.fixture(scope="session")
def offered(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A village from which offers were sent by e-mail; a provider took them. For copying only."""
    root = tmp_path_factory.mktemp("offered") / "village"
    shutil.copytree(founded, root)
    with closing(Village(root)) as village:
        sent(village)
    return root


@pytest.fixture
def sending(
    address: str, ledger: Ledger, offered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sending]:
    """Those offers, in a village whose ledger is one of the two."""
    monkeypatch.setenv("VIESTI_DATABASE_URL", address)
    village = moved(offered, tmp_path / "village", ledger)
    yield afterwards(village)
    village.close()
