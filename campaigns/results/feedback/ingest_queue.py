"""Events on their way into the ledger: what several requests bring is committed together, and answered after it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from campaigns.channels.events import Event
from campaigns.results.feedback.ingest import AT_ONCE, hear
from campaigns.runs.engine import Engine


@dataclass(frozen=True, eq=False)
class _Brought:
    """Events of one request, and the promise that they are on disk."""

    events: Sequence[Event]
    kept: asyncio.Future[None]

    def answer(self, error: Exception | None) -> None:
        if self.kept.done():  # the request has gone away
            return
        if error is None:
            self.kept.set_result(None)
        else:
            self.kept.set_exception(error)


@dataclass
class Intake:
    """The intake of one event loop. A commit costs the same for one event as for hundreds, so that they share it."""

    engine: Engine
    _waiting: list[_Brought] = field(default_factory=list, init=False)
    _writing: asyncio.Task[None] | None = field(default=None, init=False)

    async def keep(self, events: Sequence[Event]) -> None:
        """Return when every one of the events is on disk; raises what kept these from it, and these alone.

        Killed before, some of them may be kept: whoever told them tells them again.
        """
        for start in range(0, len(events), AT_ONCE):
            brought = _Brought(events[start : start + AT_ONCE], asyncio.get_running_loop().create_future())
            self._waiting.append(brought)
            if self._writing is None or self._writing.done():
                self._writing = asyncio.create_task(self._write())
            await brought.kept

    async def _write(self) -> None:
        while self._waiting:
            together = self._next()
            error = await self._committed(together)
            for brought in together:
                alone = await self._committed([brought]) if error is not None and len(together) > 1 else error
                brought.answer(alone)

    def _next(self) -> list[_Brought]:
        """As much of what waits as one transaction may hear."""
        taken, events = 0, 0
        while taken < len(self._waiting) and (not taken or events + len(self._waiting[taken].events) <= AT_ONCE):
            events += len(self._waiting[taken].events)
            taken += 1
        together, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return together

    async def _committed(self, together: Sequence[_Brought]) -> Exception | None:
        """Commit what was brought, or say what kept it from being committed."""
        try:
            await asyncio.to_thread(self._commit, [event for brought in together for event in brought.events])
        except Exception as error:
            return error
        return None

    def _commit(self, told: Sequence[Event]) -> None:
        with self.engine.ledger.write() as connection:
            hear(connection, self.engine.signer, told, self.engine.clock.now())
