"""Who brings runs to those who send them: the seam between one machine and many. What is submitted is a hint."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event
from time import monotonic
from typing import Final, Protocol

from sqlalchemy.exc import DBAPIError

from campaigns.clock import Clock
from campaigns.dispatch.send import Sent
from campaigns.dispatch.sweep import tidy
from campaigns.ledger import Ledger
from campaigns.store import bundles, runs
from campaigns.store.words import RunState

_LOG: Final = logging.getLogger("viesti")

Send = Callable[[str], Awaitable[Sent | None]]
"""Sends what may go now of a run; None: somebody has to put something right first, and was told."""

_LONGEST: Final = timedelta(minutes=1)
"""However far the moment: hands, clocks and other processes may have changed it."""

LOOK: Final = 1.0
"""Seconds after which the ledger is asked again which runs are under way."""


class Dispatcher(Protocol):
    """Two sides: one submits runs that are under way, the other works them off.

    The ledger decides what is sent. A run that is submitted twice, or whose submission is lost, or that several
    processes work on, is sent once: whoever works looks into the ledger by themselves, and claims row by row.
    """

    def submit(self, run_id: str) -> None:
        """Say that a run is under way, so that somebody begins at once."""

    async def work(self, send: Send, stopping: Event) -> None:
        """Send runs, several side by side, until `stopping` is set and what was begun has ended."""

    def close(self) -> None:
        """Give back what submitting has opened."""


@dataclass
class Turns:
    """The runs that this process is at, and those that are not worth a look before a moment."""

    clock: Clock
    _at_work: set[str] = field(default_factory=set, init=False)
    _again_at: dict[str, datetime] = field(default_factory=dict, init=False)

    def is_due(self, run_id: str) -> bool:
        """Whether a run does not wait for a later moment."""
        again_at = self._again_at.get(run_id)
        return again_at is None or again_at <= self.clock.now()

    def may_begin(self, run_id: str) -> bool:
        """Whether a run is worth beginning here and now."""
        return run_id not in self._at_work and self.is_due(run_id)

    def forget(self, run_id: str) -> None:
        """Wait no longer for a run's moment."""
        self._again_at.pop(run_id, None)

    async def take(self, send: Send, run_id: str) -> None:
        """One turn at a run."""
        self._at_work.add(run_id)
        self.forget(run_id)
        try:
            sent = await send(run_id)
        finally:
            self._at_work.discard(run_id)
        if sent is not None and sent.again_at is not None:
            self._again_at[run_id] = min(sent.again_at, self.clock.now() + _LONGEST)


def under_way(ledger: Ledger, now: datetime) -> list[str]:
    """The runs that send or have still to name what they handed over, after a look at what others have left lying."""
    tidy(ledger, now)
    with ledger.read() as connection:
        sending = [run.run_id for run in runs.in_state(connection, RunState.SENDING)]
        return [*sending, *bundles.cancelled(connection)]


@dataclass
class Embedded:
    """Every process that works looks into the ledger and sends what it finds: for processes on one machine."""

    ledger: Ledger
    clock: Clock
    turns: Turns = field(init=False)

    def __post_init__(self) -> None:
        self.turns = Turns(self.clock)

    def submit(self, run_id: str) -> None:
        """Wait no longer for the run's moment; the next look finds it."""
        self.turns.forget(run_id)

    async def work(self, send: Send, stopping: Event) -> None:
        """Go round after round."""
        while not stopping.is_set():
            await self.round(send, stopping)
            await asyncio.sleep(LOOK)

    async def round(self, send: Send, stopping: Event) -> None:
        """Send what may go now of every run under way, side by side; what comes meanwhile joins. Ends when all rests.

        Raises what a turn raised, when the other turns have ended.
        """
        begun: dict[asyncio.Task[None], str] = {}
        rests: dict[str, float] = {}
        failure: BaseException | None = None
        while True:
            for run_id in [] if stopping.is_set() else await self._look():
                if rests.get(run_id, 0) <= monotonic() and self.turns.may_begin(run_id):
                    begun[asyncio.create_task(self.turns.take(send, run_id))] = run_id
            if not begun:
                break
            ended, _ = await asyncio.wait(begun, timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
            rests.update((begun.pop(task), monotonic() + LOOK) for task in ended)
            failure = next(filter(None, (failure, *(task.exception() for task in ended))), None)
        if failure is not None:
            raise failure

    async def _look(self) -> list[str]:
        """The runs under way; none while the ledger cannot be reached, or has no room."""
        try:
            return await asyncio.to_thread(under_way, self.ledger, self.clock.now())
        except DBAPIError as error:
            _LOG.error("the ledger does not answer: %s", type(error.orig).__name__)
            return []

    def close(self) -> None:
        """Nothing was opened."""
