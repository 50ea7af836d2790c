"""Serving and sending processes for kill tests: e-mail to a counting server, SMS into the outbox."""

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
    """Return an engine with a clock `ahead` seconds and e-mail to the counting server on `port`.

    Its ledger is at `address`, or where its settings say; forked processes share the environment of the fork server.
    """
    os.environ[URL_VARIABLE] = address
    workspace = Workspace(Path(root))
    configured = build_providers(ProviderContext(workspace.root, WorkspaceRepository(workspace).settings))
    providers = ChannelProviders(CountingProvider(port), configured.sms, configured.post, configured.phone)
    clock = Clock(shift=timedelta(seconds=ahead))
    return Engine(Context(Resources(workspace, clock=clock, providers=providers), "sender"))


def sending_process(root: str, port: int, ahead: float) -> None:
    """Send like a worker until every run has ended."""
    engine = _engine(root, port, ahead)
    worker = Worker.for_worker_command(engine)
    while not _all_ended(engine):
        worker.send_all()
    engine.close()


def with_full_disk(root: str, port: int, ahead: float) -> None:
    """Send like `sending_process`, on a disk that is full for a while."""
    engine = _engine(root, port, ahead)
    worker, disk_is_full = Worker.for_worker_command(engine), Event()
    size_limit, unlimited = (
        max(path.stat().st_size for path in Path(root, "data").glob("ledger.sqlite*")),
        resource.RLIM_INFINITY,
    )
    warnings = WarningListener()
    logging.getLogger("viesti").addHandler(warnings)

    def limit_file_size() -> None:
        disk_is_full.wait()
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_limit, unlimited))
        warnings.received.wait(20)
        resource.setrlimit(resource.RLIMIT_FSIZE, (unlimited, unlimited))

    Thread(target=limit_file_size, daemon=True).start()
    disk_is_full.set()
    while not _all_ended(engine):
        worker.send_all()
    engine.close()
    if not warnings.received.is_set():
        raise RuntimeError("the disk was not full")


class WarningListener(logging.Handler):
    """Log handler that notices the first record."""

    def __init__(self) -> None:
        super().__init__()
        self.received = Event()

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 - logging's name
        self.received.set()


def work(root: str, port: int, ahead: float, address: str) -> None:
    """Run `viesti worker` over the ledger at `address`."""
    engine = _engine(root, port, ahead, address)
    Worker.for_worker_command(engine).run_until_signalled()
    engine.close()


def serving_process(root: str, port: int, ahead: float) -> None:
    """Run the scheduler of `viesti serve` until every run has ended."""
    engine = _engine(root, port, ahead)
    scheduler = Scheduler(engine)
    while not _all_ended(engine):
        scheduler.plan_due()
        scheduler.send()
    engine.close()


def _all_ended(engine: Engine) -> bool:
    runs = engine.queries.recent_runs()
    return bool(runs) and all(run.state in ENDED_RUN_STATES for run in runs)
