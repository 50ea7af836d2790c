"""Queue of events from webhook requests: several requests share one commit, and get their response after it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from campaigns.channels.events import Event
from campaigns.results.feedback.ingest import MAX_BATCH_SIZE, ingest
from campaigns.workspace.context import Context


@dataclass(frozen=True, eq=False)
class _RequestBatch:
    """Events of one request, and a future that resolves when they are on disk."""

    events: Sequence[Event]
    stored: asyncio.Future[None]

    def resolve(self, error: Exception | None) -> None:
        if self.stored.done():  # the client disconnected
            return
        if error is None:
            self.stored.set_result(None)
        else:
            self.stored.set_exception(error)


@dataclass
class IngestQueue:
    """Ingest queue of one event loop. A commit costs the same for one event as for hundreds, so requests share it."""

    context: Context
    _waiting: list[_RequestBatch] = field(default_factory=list, init=False)
    _writing: asyncio.Task[None] | None = field(default=None, init=False)

    async def ingest(self, events: Sequence[Event]) -> None:
        """Return when all events are on disk; raise the error that prevented these, not those of other requests.

        After a crash some may be stored: the provider sends them all again.
        """
        for start in range(0, len(events), MAX_BATCH_SIZE):
            batch = _RequestBatch(events[start : start + MAX_BATCH_SIZE], asyncio.get_running_loop().create_future())
            self._waiting.append(batch)
            if self._writing is None or self._writing.done():
                self._writing = asyncio.create_task(self._write())
            await batch.stored

    async def _write(self) -> None:
        while self._waiting:
            batches = self._next()
            error = await self._committed(batches)
            for batch in batches:
                own_error = await self._committed([batch]) if error is not None and len(batches) > 1 else error
                batch.resolve(own_error)

    def _next(self) -> list[_RequestBatch]:
        """Return as many waiting batches as one transaction may ingest."""
        count, event_count = 0, 0
        while count < len(self._waiting) and (
            not count or event_count + len(self._waiting[count].events) <= MAX_BATCH_SIZE
        ):
            event_count += len(self._waiting[count].events)
            count += 1
        batches, self._waiting = self._waiting[:count], self._waiting[count:]
        return batches

    async def _committed(self, batches: Sequence[_RequestBatch]) -> Exception | None:
        """Commit batches; return the error that prevented it."""
        try:
            await asyncio.to_thread(self._commit, [event for batch in batches for event in batch.events])
        except Exception as error:
            return error
        return None

    def _commit(self, events: Sequence[Event]) -> None:
        with self.context.ledger.write() as connection:
            ingest(connection, self.context.signer, events, self.context.clock.now())
