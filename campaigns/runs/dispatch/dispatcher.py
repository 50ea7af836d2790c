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
from campaigns.runs.dispatch.run_sender import Sent
from campaigns.runs.dispatch.sweeper import tidy
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs import bundles, runs
from campaigns.store.runs.states import RunState

_LOG: Final = logging.getLogger("viesti")

Send = Callable[[str], Awaitable[Sent | None]]
"""Sends what may go now of a run; returns None after a logged error that somebody has to fix first."""

_MAX_WAIT: Final = timedelta(minutes=1)
"""Longest wait for a run: operators, clocks and other processes may have changed its time."""

LOOK: Final = 1.0
"""Seconds between two polls of the ledger for runs under way."""


class Dispatcher(Protocol):
    """Interface between the process that submits runs under way and the workers that send them.

    The ledger decides what is sent. A run that is submitted twice, or whose submission is lost, or that several
    processes work on, is sent once: every worker reads the ledger itself and claims row by row.
    """

    def submit(self, run_id: str) -> None:
        """Announce that a run is under way, so that a worker starts at once."""

    async def work(self, send: Send, stopping: Event) -> None:
        """Send runs concurrently until `stopping` is set and the started ones have ended."""

    def close(self) -> None:
        """Close the connections opened for submitting."""


@dataclass
class Turns:
    """Runs that this process is sending, and runs that it need not look at before a certain time."""

    clock: Clock
    _in_progress: set[str] = field(default_factory=set, init=False)
    _retry_at: dict[str, datetime] = field(default_factory=dict, init=False)

    def is_due(self, run_id: str) -> bool:
        """Return whether a run does not wait for a later time."""
        retry_at = self._retry_at.get(run_id)
        return retry_at is None or retry_at <= self.clock.now()

    def may_begin(self, run_id: str) -> bool:
        """Return whether this process may start sending a run now."""
        return run_id not in self._in_progress and self.is_due(run_id)

    def forget(self, run_id: str) -> None:
        """Forget how long a run has to wait."""
        self._retry_at.pop(run_id, None)

    async def take(self, send: Send, run_id: str) -> None:
        """Send what may go now of a run and note when to try again."""
        self._in_progress.add(run_id)
        self.forget(run_id)
        try:
            sent = await send(run_id)
        finally:
            self._in_progress.discard(run_id)
        if sent is not None and sent.again_at is not None:
            self._retry_at[run_id] = min(sent.again_at, self.clock.now() + _MAX_WAIT)


def under_way(ledger: Ledger, now: datetime) -> list[str]:
    """Clean up after dead processes; return runs that are sending or have files of committed bundles to rename."""
    tidy(ledger, now)
    with ledger.read() as connection:
        sending = [run.run_id for run in runs.in_state(connection, RunState.SENDING)]
        return [*sending, *bundles.cancelled(connection)]


@dataclass
class Embedded:
    """Dispatcher for processes on one machine: each polls the ledger and sends the runs under way."""

    ledger: Ledger
    clock: Clock
    turns: Turns = field(init=False)

    def __post_init__(self) -> None:
        self.turns = Turns(self.clock)

    def submit(self, run_id: str) -> None:
        """Forget how long the run has to wait; the next poll picks it up."""
        self.turns.forget(run_id)

    async def work(self, send: Send, stopping: Event) -> None:
        """Poll and send until `stopping` is set."""
        while not stopping.is_set():
            await self.round(send, stopping)
            await asyncio.sleep(LOOK)

    async def round(self, send: Send, stopping: Event) -> None:
        """Send what may go now of all runs under way, concurrently, until all of them have to wait.

        Runs that come up meanwhile join in. An exception of one run is raised after the others have ended.
        """
        tasks: dict[asyncio.Task[None], str] = {}
        resting_until: dict[str, float] = {}
        failure: BaseException | None = None
        while True:
            for run_id in [] if stopping.is_set() else await self._runs_under_way():
                if resting_until.get(run_id, 0) <= monotonic() and self.turns.may_begin(run_id):
                    tasks[asyncio.create_task(self.turns.take(send, run_id))] = run_id
            if not tasks:
                break
            done, _ = await asyncio.wait(tasks, timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
            resting_until.update((tasks.pop(task), monotonic() + LOOK) for task in done)
            failure = next(filter(None, (failure, *(task.exception() for task in done))), None)
        if failure is not None:
            raise failure

    async def _runs_under_way(self) -> list[str]:
        """Return the runs under way; none while the ledger cannot be reached or is full."""
        try:
            return await asyncio.to_thread(under_way, self.ledger, self.clock.now())
        except DBAPIError as error:
            _LOG.error("the ledger does not answer: %s", type(error.orig).__name__)
            return []

    def close(self) -> None:
        """Do nothing: no connection was opened."""
