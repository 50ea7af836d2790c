"""Dispatchers between runs and the processes that send them, on one machine or many; submissions are only hints."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event
from time import monotonic
from typing import Final, Protocol

from sqlalchemy.exc import DBAPIError

from campaigns.core.clock import Clock
from campaigns.runs.dispatch.run_sender import SendResult
from campaigns.runs.dispatch.sweeper import clean_up
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs import bundles, runs
from campaigns.store.runs.states import RunState

_LOG: Final = logging.getLogger("viesti")

SendCallback = Callable[[str], Awaitable[SendResult | None]]
"""Sends what may go now of a run; returns None after a logged error that somebody has to fix first."""

_MAX_WAIT: Final = timedelta(minutes=1)
"""Longest wait for a run: operators, clocks and other processes may have changed its time."""

POLL_INTERVAL: Final = 1.0
"""Seconds between two polls of the ledger for runs under way."""


class Dispatcher(Protocol):
    """Interface between the process that submits runs under way and the workers that send them.

    The ledger decides what is sent. A run that is submitted twice, or whose submission is lost, or that several
    processes work on, is sent once: every worker reads the ledger itself and claims row by row.
    """

    def submit(self, run_id: str) -> None:
        """Announce that a run is under way, so that a worker starts at once."""

    async def work(self, send: SendCallback, stopping: Event) -> None:
        """Send runs concurrently until `stopping` is set and the started ones have ended."""

    def close(self) -> None:
        """Close the connections opened for submitting."""


@dataclass
class RunTracker:
    """Runs that this process is sending, and runs that it need not look at before a certain time."""

    clock: Clock
    _in_progress: set[str] = field(default_factory=set, init=False)
    _retry_at: dict[str, datetime] = field(default_factory=dict, init=False)

    def is_due(self, run_id: str) -> bool:
        """Return whether a run does not wait for a later time."""
        retry_at = self._retry_at.get(run_id)
        return retry_at is None or retry_at <= self.clock.now()

    def may_start(self, run_id: str) -> bool:
        """Return whether this process may start sending a run now."""
        return run_id not in self._in_progress and self.is_due(run_id)

    def clear_wait(self, run_id: str) -> None:
        """Forget how long a run has to wait."""
        self._retry_at.pop(run_id, None)

    async def send_run(self, send: SendCallback, run_id: str) -> None:
        """Send what may go now of a run and note when to try again."""
        self._in_progress.add(run_id)
        self.clear_wait(run_id)
        try:
            sent = await send(run_id)
        finally:
            self._in_progress.discard(run_id)
        if sent is not None and sent.resume_at is not None:
            self._retry_at[run_id] = min(sent.resume_at, self.clock.now() + _MAX_WAIT)


def runs_under_way(ledger: Ledger, now: datetime) -> list[str]:
    """Clean up after dead processes; return runs that are sending or have files of committed bundles to rename."""
    clean_up(ledger, now)
    with ledger.read() as connection:
        sending = [run.run_id for run in runs.with_state(connection, RunState.SENDING)]
        return [*sending, *bundles.cancelled_runs_with_committed(connection)]


@dataclass
class EmbeddedDispatcher:
    """Dispatcher for processes on one machine: each polls the ledger and sends the runs under way."""

    ledger: Ledger
    clock: Clock
    tracker: RunTracker = field(init=False)

    def __post_init__(self) -> None:
        self.tracker = RunTracker(self.clock)

    def submit(self, run_id: str) -> None:
        """Forget how long the run has to wait; the next poll picks it up."""
        self.tracker.clear_wait(run_id)

    async def work(self, send: SendCallback, stopping: Event) -> None:
        """Poll and send until `stopping` is set."""
        while not stopping.is_set():
            await self.send_all(send, stopping)
            await asyncio.sleep(POLL_INTERVAL)

    async def send_all(self, send: SendCallback, stopping: Event) -> None:
        """Send what may go now of all runs under way, concurrently, until all of them have to wait.

        Runs that come up meanwhile join in. An exception of one run is raised after the others have ended.
        """
        tasks: dict[asyncio.Task[None], str] = {}
        resting_until: dict[str, float] = {}
        failure: BaseException | None = None
        while True:
            for run_id in [] if stopping.is_set() else await self._runs_under_way():
                if resting_until.get(run_id, 0) <= monotonic() and self.tracker.may_start(run_id):
                    tasks[asyncio.create_task(self.tracker.send_run(send, run_id))] = run_id
            if not tasks:
                break
            done, _ = await asyncio.wait(tasks, timeout=POLL_INTERVAL, return_when=asyncio.FIRST_COMPLETED)
            resting_until.update((tasks.pop(task), monotonic() + POLL_INTERVAL) for task in done)
            failure = next(filter(None, (failure, *(task.exception() for task in done))), None)
        if failure is not None:
            raise failure

    async def _runs_under_way(self) -> list[str]:
        """Return the runs under way; none while the ledger cannot be reached or is full."""
        try:
            return await asyncio.to_thread(runs_under_way, self.ledger, self.clock.now())
        except DBAPIError as error:
            _LOG.error("the ledger does not answer: %s", type(error.orig).__name__)
            return []

    def close(self) -> None:
        """Do nothing: no connection was opened."""
