"""Ledgers on SQLite and on PostgreSQL, prepared once and copied for each test.

A directory for both ledgers imports these fixtures in its conftest: its tests then run on both, or on those that a
module's DATABASES names.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import URL

from campaigns.store.admin import copy, schema
from campaigns.store.ledger.connection import Ledger
from tests.support.postgresql_server import database
from tests.support.postgresql_server import schema as empty_schema
from tests.support.sample_workspace import SampleWorkspace

LEDGERS: Final = ("sqlite", "postgresql")
_TEMPLATES: Final = {"sent_run": "base_sent_workspace", "workspace": "base_workspace"}
"""Workspace whose ledger is copied where a test asks for a fixture."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test on both ledgers, or on those that a module's DATABASES names."""
    if "address" in metafunc.fixturenames:
        metafunc.parametrize("address", getattr(metafunc.module, "DATABASES", LEDGERS), indirect=True)


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with empty tables. For copying only."""
    file = tmp_path_factory.mktemp("empty") / "ledger.sqlite"
    with closing(Ledger.from_path(file)) as ledger:
        schema.prepare(ledger)
    return file


@pytest.fixture(scope="session")
def postgresql_copies(postgresql_server: URL) -> Iterator[Callable[[Path], AbstractContextManager[URL]]]:
    """Factory of databases with the rows of a SQLite ledger; rows are copied into PostgreSQL once."""
    with ExitStack() as templates:

        @cache
        def template(file: Path) -> URL:
            url = templates.enter_context(database(postgresql_server))
            with closing(Ledger(_as_text(url))) as ledger:
                schema.prepare(ledger)
                _copy_rows(file, ledger)
            return url

        yield lambda file: database(postgresql_server, template(file))


@pytest.fixture
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a ledger: without tables, with empty ones for `ledger`, or with a workspace's rows."""
    template = _template(request)
    if request.param == "sqlite":
        file = tmp_path / "ledger.sqlite"
        if template is not None:
            shutil.copy(template, file)
        yield f"sqlite:///{file}"
    elif template is not None:
        with request.getfixturevalue("postgresql_copies")(template) as url:
            yield _as_text(url)
    else:
        with empty_schema(request.getfixturevalue("postgresql_server")) as url:
            yield _as_text(url)


@pytest.fixture
def bare(address: str) -> Iterator[Ledger]:
    """A ledger without tables."""
    with closing(Ledger(address)) as ledger:
        yield ledger


@pytest.fixture
def ledger(bare: Ledger) -> Ledger:
    """A ledger with tables: empty ones, or those of a workspace."""
    return bare


@pytest.fixture
def workspace(
    address: str, base_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SampleWorkspace]:
    """A sample workspace whose ledger is one of the two."""
    monkeypatch.setenv("VIESTI_DATABASE_URL", address)
    with closing(SampleWorkspace(copy_files(base_workspace, tmp_path / "workspace"))) as workspace:
        yield workspace


def copy_files(base_workspace: Path, root: Path) -> Path:
    """Copy all of a workspace but its ledger to `root`."""
    return shutil.copytree(base_workspace, root, ignore=shutil.ignore_patterns("ledger.sqlite*"))


def copy_workspace(base_workspace: Path, root: Path, ledger: Ledger) -> SampleWorkspace:
    """Copy a workspace to `root`, and its rows into a ledger that has empty tables."""
    copy_files(base_workspace, root)
    _copy_rows(base_workspace / "data" / "ledger.sqlite", ledger)
    return SampleWorkspace(root)


def _template(request: pytest.FixtureRequest) -> Path | None:
    for fixture, workspace in _TEMPLATES.items():
        if fixture in request.fixturenames:
            root: Path = request.getfixturevalue(workspace)
            return root / "data" / "ledger.sqlite"
    return request.getfixturevalue("empty_file") if "ledger" in request.fixturenames else None


def _copy_rows(file: Path, ledger: Ledger) -> None:
    with closing(Ledger.from_path(file)) as source, source.read() as reading, ledger.write() as writing:
        copy.copy_rows(reading, writing, lambda _rows: None)


def _as_text(url: URL) -> str:
    return url.render_as_string(hide_password=False)
