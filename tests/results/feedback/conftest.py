"""A village on either ledger, and a run of it that providers can tell about."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.ledgers import (
    address,
    bare,
    copy_files,
    empty_file,
    ledger,
    postgresql_copies,
    pytest_generate_tests,
    workspace,
)
from tests.support.sample_workspace import SampleWorkspace
from tests.support.sent_run import SentRun, load_sent_run, send_run

__all__ = [
    "address", "bare", "empty_file", "ledger", "offered", "postgresql_copies", "pytest_generate_tests", "sending",
    "workspace",
]  # fmt: skip


@pytest.fixture(scope="session")
def offered(base_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A village from which offers were sent by e-mail; a provider took them. For copying only."""
    root = tmp_path_factory.mktemp("offered") / "workspace"
    shutil.copytree(base_workspace, root)
    with closing(SampleWorkspace(root)) as workspace:
        send_run(workspace)
    return root


@pytest.fixture
def sending(address: str, offered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SentRun]:
    """Those offers, in a workspace whose ledger is one of the two."""
    monkeypatch.setenv("VIESTI_DATABASE_URL", address)
    with closing(SampleWorkspace(copy_files(offered, tmp_path / "workspace"))) as workspace:
        yield load_sent_run(workspace)
