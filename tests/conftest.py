"""The village that the tests of planning and dispatch live in: founded once, copied for each of them."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL
from xdist.remote import Producer

from tests.support import no_network
from tests.support.postgresql_server import server
from tests.support.sample_workspace import Village, found
from tests.support.scripted_provider import Wire, wired
from tests.support.shell import nowhere, viesti  # noqa: F401 - fixtures
from tests.support.xdist_groups import Turns

no_network.keep()
_HERE = Path(__file__).parent
_ROOTS = (str(_HERE / "support" / "subprocess_site"), str(_HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")]))
os.environ["PYTHONPATH"] = os.pathsep.join(_ROOTS)  # so that processes which tests start keep silent, too


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: many tests wait, for a lease to end, for a server or for a browser."""
    return (os.cpu_count() or 1) + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Turns:
    return Turns(config, log)


def pytest_collection_finish() -> None:
    """What is here by now is no garbage, and there is room for some: looking for it took a tenth of the time."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return found(tmp_path_factory.mktemp("village"))


@pytest.fixture
def village(founded: Path, tmp_path: Path) -> Iterator[Village]:
    root = tmp_path / "village"
    shutil.copytree(founded, root)
    village = Village(root)
    yield village
    village.close()


@pytest.fixture
def wire(village):
    """Providers that answer as a test says, in place of the workspace's own."""
    return wired(village, Wire())


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[URL]:
    with server() as address:
        yield address
