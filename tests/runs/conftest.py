"""Fixtures of the run tests: claims, bundles, caps and plan warnings run on both ledgers, all others on SQLite."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from tests.support.ledgers import LEDGERS, copy_files, postgresql_copies
from tests.support.sample_workspace import SampleWorkspace

__all__ = ["postgresql_copies", "pytest_generate_tests", "workspace"]

ON_BOTH_LEDGERS: Final = frozenset({"test_bundle_sender", "test_claim", "test_frequency_caps", "test_plan_warnings"})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.module.__name__.rpartition(".")[2] in ON_BOTH_LEDGERS and "workspace" in metafunc.fixturenames:
        metafunc.parametrize("workspace", LEDGERS, indirect=True)


@pytest.fixture
def workspace(
    request: pytest.FixtureRequest, base_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SampleWorkspace]:
    """A copy of the sample workspace; its ledger is in PostgreSQL if the test asks for it."""
    root = tmp_path / "workspace"
    if getattr(request, "param", "sqlite") == "sqlite":
        with closing(SampleWorkspace(shutil.copytree(base_workspace, root))) as workspace:
            yield workspace
        return
    with request.getfixturevalue("postgresql_copies")(base_workspace / "data" / "ledger.sqlite") as url:
        monkeypatch.setenv("VIESTI_DATABASE_URL", url.render_as_string(hide_password=False))
        with closing(SampleWorkspace(copy_files(base_workspace, root))) as workspace:
            yield workspace
