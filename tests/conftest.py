"""Tiers of the suite, and the sample workspace, which is built once and copied for each test."""

import gc
import os
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from sqlalchemy import URL
from xdist.remote import Producer

from campaigns.core.private_files import set_private_umask
from tests.support import cheap_passwords, duckdb_threads, memory_folder, no_network
from tests.support.examples import FAST, register_profiles
from tests.support.postgresql_server import postgresql_url
from tests.support.sample_workspace import SampleWorkspace, build_base_workspace
from tests.support.scripted_provider import ScriptedProvider, with_scripted_provider
from tests.support.shell import nowhere, viesti  # noqa: F401 - fixtures
from tests.support.tiers import mark_tiers
from tests.support.xdist_groups import GroupScheduling

no_network.refuse_outside_connections()
set_private_umask()  # as every entry point of the product does
register_profiles()
_HERE = Path(__file__).parent
_ROOTS = (str(_HERE / "support" / "subprocess_site"), str(_HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")]))
os.environ["PYTHONPATH"] = os.pathsep.join(_ROOTS)  # so that processes which tests start keep silent, too


_FAILED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    memory_folder.use_memory()
    if config.getoption("--hypothesis-profile") == FAST:
        duckdb_threads.use_one_thread()
        cheap_passwords.use_cheap_hashes()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: many tests wait, for a lease to end, for a server or for a browser."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> GroupScheduling:
    return GroupScheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tiers before `-m` chooses among them."""
    mark_tiers(items)


def pytest_collection_finish() -> None:
    """Exempt what is loaded from garbage collection, and collect less often: it took a tenth of the time."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Let a unit test open no socket and start no process."""
    with no_network.unit_test() if item.get_closest_marker("unit") else nullcontext():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    item.stash[_FAILED] = report.failed or item.stash.get(_FAILED, False)
    return report


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Pytest's own folder, emptied after a test that passed."""
    yield tmp_path
    if not request.node.stash.get(_FAILED, True):
        memory_folder.empty(tmp_path)


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the demonstration's data. For copying and reading only."""
    from tests.support.demo_workspace import imported_demo  # few tests need what this imports

    return imported_demo(tmp_path_factory)


@pytest.fixture(scope="session")
def base_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_base_workspace(tmp_path_factory.mktemp("workspace"))


@pytest.fixture
def workspace(base_workspace: Path, tmp_path: Path) -> Iterator[SampleWorkspace]:
    root = tmp_path / "workspace"
    shutil.copytree(base_workspace, root)
    workspace = SampleWorkspace(root)
    yield workspace
    workspace.close()


@pytest.fixture
def provider(workspace):
    """Providers that answer as a test says, in place of the workspace's own."""
    return with_scripted_provider(workspace, ScriptedProvider())


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[URL]:
    with postgresql_url() as address:
        yield address
