"""The two ledgers that every promise here is held by, and a village on either."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import URL

from campaigns.store.admin import copy, schema
from campaigns.store.ledger.connection import Ledger
from tests.support.postgresql_server import database
from tests.support.postgresql_server import schema as empty_schema
from tests.support.sample_workspace import SampleWorkspace

LEDGERS = ("sqlite", "postgresql")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask each promise of both ledgers, or of the one that a module's DATABASES names."""
    if "address" in metafunc.fixturenames:
        metafunc.parametrize("address", getattr(metafunc.module, "DATABASES", LEDGERS), indirect=True)


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with empty tables. For copying only."""
    file = tmp_path_factory.mktemp("empty") / "ledger.sqlite"
    _lay_tables(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def empty_database(postgresql_server: URL) -> Iterator[URL]:
    """A database of PostgreSQL with empty tables. For copying only."""
    with database(postgresql_server) as url:
        _lay_tables(url.render_as_string(hide_password=False))
        yield url


@pytest.fixture
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables, or with empty ones where a ledger is asked for."""
    with_tables = "ledger" in request.fixturenames
    if request.param == "sqlite":
        if with_tables:
            shutil.copy(request.getfixturevalue("empty_file"), tmp_path / "ledger.sqlite")
        yield f"sqlite:///{tmp_path}/ledger.sqlite"
        return
    server = request.getfixturevalue("postgresql_server")
    like = request.getfixturevalue("empty_database") if with_tables else None
    with database(server, like) if like else empty_schema(server) as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture
def bare(address: str) -> Iterator[Ledger]:
    """A ledger without tables."""
    with closing(Ledger(address)) as ledger:
        yield ledger


@pytest.fixture
def ledger(bare: Ledger) -> Ledger:
    """A ledger with empty tables."""
    return bare


@pytest.fixture
def workspace(
    address: str, ledger: Ledger, base_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SampleWorkspace]:
    """A village whose ledger is one of the two."""
    monkeypatch.setenv("VIESTI_DATABASE_URL", address)
    workspace = copy_workspace(base_workspace, tmp_path / "workspace", ledger)
    yield workspace
    workspace.close()


def _lay_tables(url: str) -> None:
    with closing(Ledger(url)) as ledger:
        schema.prepare(ledger)


def copy_workspace(base_workspace: Path, root: Path, ledger: Ledger) -> SampleWorkspace:
    """A copy of the village at `root`, its people in a ledger that has empty tables."""
    shutil.copytree(base_workspace, root)
    file = root / "data" / "ledger.sqlite"
    with closing(Ledger.from_path(file)) as source, source.read() as leaving, ledger.write() as arriving:
        copy.copy_rows(leaving, arriving, lambda _rows: None)
    file.unlink()
    return SampleWorkspace(root)
