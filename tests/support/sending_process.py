"""Processes that serve and that send; e-mail to a far end, SMS into the outbox. They get killed."""

import logging
import os
import resource
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

from campaigns.channels.registry import ChannelProviders, ProviderContext, build_providers
from campaigns.core.clock import Clock
from campaigns.operations.scheduler import Scheduler
from campaigns.operations.worker import Worker
from campaigns.runs.engine import Engine
from campaigns.store.admin.database_url import URL_VARIABLE
from campaigns.store.runs.states import ENDED_RUN_STATES
from campaigns.workspace.context import Context, Resources
from campaigns.workspace.paths import Workspace
from campaigns.workspace.repository import WorkspaceRepository
from tests.support.provider_server import CountingProvider


def _engine(root: str, port: int, ahead: float, address: str = "") -> Engine:
    """An engine on a clock that is `ahead` seconds, whose e-mail goes to the far end on `port`.

    Its ledger is at `address`, or where its settings say: what is forked has the environment of whoever forked first.
    """
    os.environ[URL_VARIABLE] = address
    workspace = Workspace(Path(root))
    real = build_providers(ProviderContext(workspace.root, WorkspaceRepository(workspace).settings))
    providers = ChannelProviders(CountingProvider(port), real.sms, real.post, real.phone)
    clock = Clock(shift=timedelta(seconds=ahead))
    return Engine(Context(Resources(workspace, clock=clock, providers=providers), "sender"))


def sending_process(root: str, port: int, ahead: float) -> None:
    """Send, as a worker does, until everything that there is to run has been sent."""
    engine = _engine(root, port, ahead)
    outgoing = Worker.for_worker_command(engine)
    while not _all_ended(engine):
        outgoing.send_all()
    engine.close()


def with_full_disk(root: str, port: int, ahead: float) -> None:
    """Send as `sender` does, on a disk on which for a while no file can grow."""
    engine = _engine(root, port, ahead)
    outgoing, full = Worker.for_worker_command(engine), Event()
    grown, most = max(path.stat().st_size for path in Path(root, "data").glob("ledger.sqlite*")), resource.RLIM_INFINITY
    complaints = Complaints()
    logging.getLogger("viesti").addHandler(complaints)

    def until_there_is_room() -> None:
        full.wait()
        resource.setrlimit(resource.RLIMIT_FSIZE, (grown, most))
        complaints.came.wait(20)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    Thread(target=until_there_is_room, daemon=True).start()
    full.set()
    while not _all_ended(engine):
        outgoing.send_all()
    engine.close()
    if not complaints.came.is_set():
        raise RuntimeError("the disk was not full")


class Complaints(logging.Handler):
    """Hears that something went wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.came = Event()

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 - logging's word
        self.came.set()


def work(root: str, port: int, ahead: float, address: str) -> None:
    """Do what `viesti worker` does, over the ledger at `address`."""
    engine = _engine(root, port, ahead, address)
    Worker.for_worker_command(engine).run_until_signalled()
    engine.close()


def serving_process(root: str, port: int, ahead: float) -> None:
    """Make the rounds that `viesti serve` makes, until everything that is due has been sent."""
    engine = _engine(root, port, ahead)
    rounds = Scheduler(engine)
    while not _all_ended(engine):
        rounds.plan_due()
        rounds.send()
    engine.close()


def _all_ended(engine: Engine) -> bool:
    runs = engine.queries.recent_runs()
    return bool(runs) and all(run.state in ENDED_RUN_STATES for run in runs)
