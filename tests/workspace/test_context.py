"""A context opens each resource once, whichever threads ask for it first."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from campaigns.runs.engine import Engine
from campaigns.workspace.paths import Workspace
from tests.support.sample_workspace import SampleWorkspace

THREADS = 8
READ = {
    "ledger": lambda engine: engine.context.ledger,
    "clock": lambda engine: engine.context.clock,
    "signer": lambda engine: engine.context.signer,
    "outages": lambda engine: engine.outages,
    "dispatcher": lambda engine: engine.dispatcher,
}


@pytest.mark.parametrize("name", READ)
def test_threads_share_one_of_each_resource(workspace: SampleWorkspace, name: str) -> None:
    engine, start, read = Engine.open(Workspace(workspace.root), "tester"), Barrier(THREADS), READ[name]

    def read_together(read: Callable[[Engine], object]) -> object:
        start.wait()
        return read(engine)

    with ThreadPoolExecutor(THREADS) as pool:
        values = list(pool.map(read_together, [read] * THREADS))
    engine.close()
    assert len({id(value) for value in values}) == 1
