"""Background process of the server that runs the scheduler, so that no page waits for planning and sending.

Server and background process share only the ledger, as several servers may. The pipe to the background process's
standard input stays open while the server lives. When it closes, however the server ended, the background process
finishes and records messages in flight, and exits.
"""

import logging
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread
from typing import BinaryIO, Final, cast

from campaigns.core.errors import Problem, UserError
from campaigns.core.logging_setup import LogFormat, log_to_stderr
from campaigns.core.metrics import serve_metrics
from campaigns.core.private_files import set_private_umask
from campaigns.operations.gauges import read_gauges
from campaigns.operations.nightly import NightlyJobs
from campaigns.operations.scheduler import Scheduler, plan_in_child_process
from campaigns.runs.dispatch.periodic_jobs import start_ticker
from campaigns.runs.engine import Engine
from campaigns.workspace.paths import Workspace

_LOG: Final = logging.getLogger("viesti")
_RESTART_DELAY: Final = 2.0
"""Seconds before a killed process is replaced: the same cause may kill the next one."""

_NICENESS: Final = 10
"""Niceness of the background process: pages come first, because a person waits for them."""


@dataclass(frozen=True, slots=True)
class ProcessConfig:
    """Configuration of the background process: workspace, actor, metrics address and logging."""

    root: Path
    actor: str
    metrics: str | None
    log_format: LogFormat
    log_level: str


@contextmanager
def background_process(config: ProcessConfig) -> Iterator[None]:
    """Run the background process for the duration of the block; then wait until messages in flight are recorded.

    Raise UserError or CalledProcessError if it cannot start. A process that is killed later is replaced.
    """
    process = _SchedulerProcess(config)
    process.start()
    supervisor = Thread(target=process.supervise)
    supervisor.start()
    try:
        yield
    finally:
        process.stop()
        supervisor.join()


@dataclass
class _SchedulerProcess:
    """Background process as seen by the server."""

    config: ProcessConfig
    _process: "subprocess.Popen[bytes]" = field(init=False)
    _stopping: Event = field(default_factory=Event, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def start(self) -> None:
        """Start a process and wait until it reports that the scheduler runs."""
        command = (sys.executable, "-m", __spec__.name)
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, process_group=0)  # noqa: S603 - Ctrl-C reaches only the server
        self._process = process
        stdin, stdout = cast("BinaryIO", process.stdin), cast("BinaryIO", process.stdout)
        try:
            pickle.dump(self.config, stdin)
            stdin.flush()
            problems = pickle.load(stdout)  # noqa: S301 - from our own child process
        except (BrokenPipeError, EOFError) as error:
            raise subprocess.CalledProcessError(self._wait(), command) from error
        if problems:
            self._wait()
            raise UserError(problems)

    def supervise(self) -> None:
        """Replace every process that is killed, until one ends as requested."""
        while status := self._wait():
            _LOG.error("the process that plans and sends has ended, exit status %d", status)
            if self._stopping.wait(_RESTART_DELAY):
                return
            try:
                self._restart()
            except (UserError, subprocess.CalledProcessError, OSError) as error:
                _LOG.error("it cannot be replaced: %s", error)

    def stop(self) -> None:
        """Ask the process to end."""
        with self._lock:
            self._stopping.set()
            cast("BinaryIO", self._process.stdin).close()

    def _wait(self) -> int:
        """Wait for the process to end, release it and return its exit status."""
        status = self._process.wait()
        with self._process:  # closes its pipes
            return status

    def _restart(self) -> None:
        with self._lock:
            if not self._stopping.is_set():
                self.start()


def _main(requests: BinaryIO, responses: BinaryIO) -> int:
    """Run the scheduler in the background process until `requests` closes or SIGTERM comes; return the exit status."""
    os.nice(_NICENESS)
    set_private_umask()
    config = pickle.load(requests)  # noqa: S301 - from the parent process
    log_to_stderr(config.log_format, config.log_level)
    stopping = Event()
    signal.signal(signal.SIGTERM, lambda _signal, _frame: stopping.set())
    with closing(Engine.open(Workspace(config.root), config.actor)) as engine:
        try:
            with serve_metrics(partial(read_gauges, engine.context), config.metrics), _scheduler(engine, stopping):
                _report_ready(responses, ())
                Thread(target=_wait_for_parent, args=(requests, stopping), daemon=True).start()
                stopping.wait()
        except UserError as error:
            _report_ready(responses, error.problems)
            return 1
    return 0


@contextmanager
def _scheduler(engine: Engine, stopping: Event) -> Iterator[None]:
    scheduler, nightly = Scheduler(engine, stopping, plan_in_child_process), NightlyJobs(engine.context, stopping)
    ticker = start_ticker(
        scheduler.plan_due,
        scheduler.send,
        scheduler.send_notices,
        scheduler.import_sign_ups,
        scheduler.read_mail,
        nightly.run_if_due,
    )
    try:
        yield
    finally:
        ticker.shutdown(wait=True)


def _wait_for_parent(requests: BinaryIO, stopping: Event) -> None:
    """Wait for the server's end, without taking a lock that would block this process's own exit."""
    os.read(requests.fileno(), 1)
    stopping.set()


def _report_ready(responses: BinaryIO, problems: tuple[Problem, ...]) -> None:
    pickle.dump(problems, responses)
    responses.flush()


if __name__ == "__main__":
    sys.exit(_main(sys.stdin.buffer, sys.stdout.buffer))
