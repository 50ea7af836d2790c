"""A sample workspace on either ledger, and a sent run that providers report on."""

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
from tests.support.maildir import Maildir
from tests.support.sample_workspace import SampleWorkspace
from tests.support.sent_run import SentRun, load_sent_run, send_run

__all__ = [
    "address", "bare", "base_sent_workspace", "empty_file", "ledger", "maildir", "postgresql_copies",
    "pytest_generate_tests", "sent_run", "workspace",
]  # fmt: skip


@pytest.fixture(scope="session")
def base_sent_workspace(base_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with offers sent by e-mail and accepted by the provider. For copying only."""
    root = tmp_path_factory.mktemp("sent") / "workspace"
    shutil.copytree(base_workspace, root)
    with closing(SampleWorkspace(root)) as workspace:
        send_run(workspace)
    return root


@pytest.fixture
def sent_run(
    address: str, base_sent_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SentRun]:
    """Those offers, in a copy of the workspace on one of the two ledgers."""
    monkeypatch.setenv("VIESTI_DATABASE_URL", address)
    with closing(SampleWorkspace(copy_files(base_sent_workspace, tmp_path / "workspace"))) as workspace:
        yield load_sent_run(workspace)


@pytest.fixture
def maildir(sent_run: SentRun) -> Maildir:
    return Maildir(sent_run)
