"""`Worker` in a thread of the test's process, over an engine of its own."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from threading import Thread
from time import monotonic, sleep
from typing import Any, Final

from campaigns.operations.worker import Worker
from campaigns.store.runs.run_tables import Run
from campaigns.store.runs.states import RunState
from tests.support.sample_workspace import SampleWorkspace
from tests.support.scripted_provider import with_scripted_provider

PATIENCE: Final = 120  # seconds, on a machine that has other things to do


def wait_until(happened: Callable[[], bool]) -> None:
    end = monotonic() + PATIENCE
    while not happened():
        assert monotonic() < end
        sleep(0.02)


@contextmanager
def running_worker(workspace: SampleWorkspace, provider: Any) -> Iterator[Worker]:
    """A worker over the workspace's ledger, in a thread of its own, with an engine of its own."""
    with closing(SampleWorkspace(workspace.root, workspace.clock)) as own_workspace:
        with_scripted_provider(own_workspace, provider)
        worker = Worker.for_worker_command(own_workspace.engine)
        failures: list[BaseException] = []

        def work() -> None:
            try:
                worker.run()
            except BaseException as error:
                failures.append(error)

        thread = Thread(target=work)
        thread.start()
        try:
            yield worker
        finally:
            worker.stopping.set()
            thread.join()
        assert failures == []


def is_closed(workspace: SampleWorkspace, run: Run) -> Callable[[], bool]:
    return lambda: workspace.state(run) == RunState.CLOSED
