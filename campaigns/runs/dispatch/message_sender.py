"""Messages that go one by one: claim, write, send, record, with many under way and none waiting for the slowest."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any, Final, Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from campaigns.channels.outcome import ChannelMisconfigured, Outcome, Refused, TryLater, Unknown
from campaigns.channels.provider import OutgoingEmail, OutgoingSms
from campaigns.core.clock import Clock
from campaigns.core.memory import give_back
from campaigns.core.metrics import answering
from campaigns.core.model.enums import Channel
from campaigns.runs.composing.claimed_message import CannotWrite, Taken
from campaigns.runs.composing.run_context import Job
from campaigns.runs.dispatch.claim import AT_ONCE, Bookmark, Claim, claim
from campaigns.runs.dispatch.domain_limits import Domains
from campaigns.runs.dispatch.ledger_writer import Writer
from campaigns.runs.dispatch.rate_permits import Permits
from campaigns.runs.dispatch.record_outcomes import Answer, notice, record
from campaigns.runs.dispatch.send_pool import Provider, Share
from campaigns.runs.dispatch.sweeper import next_moment

_LONGEST_NAP: Final = 1.0
_STAY: Final = timedelta(seconds=30)
_GLANCE: Final = 0.1
"""After how many seconds somebody who waits for the places of other runs looks again."""

_FEW: Final = 64
_GATHER: Final = 0.01
"""How many seconds of answers, where more than a few are awaited, share a transaction: it costs more than its rows."""

_TIDY: Final = 4096
"""After how many messages their memory is given back: it takes 1 to 10 ms, and is 10 to 20 MB."""

_PAUSES: Final = (0.2, 0.5, 1, 2, 4, 8)
"""Seconds between attempts to write answers into a ledger that cannot be reached or has no room."""


class Pen(Protocol):
    """Writes the message of a claimed delivery; raises CannotWrite."""

    def __call__(self, taken: Taken, /) -> OutgoingEmail | OutgoingSms: ...


@dataclass
class MessageRun:
    """One channel of one run on its way. `told` hears how many deliveries ended since it was last told."""

    job: Job
    channel: Channel
    provider: Provider
    pen: Pen
    clock: Clock
    share: Share
    permits: Permits
    told: Callable[[int], None]
    domains: Domains | None = None
    _unrecorded: list[Answer] = field(default_factory=list, init=False)
    _claim_at: datetime | None = field(default=None, init=False)
    _stopped_by: Exception | None = field(default=None, init=False)
    _bookmark: Bookmark = field(default_factory=Bookmark, init=False)
    _untidied: int = field(default=0, init=False)

    async def work(self) -> datetime | None:
        """Send until nothing can be claimed; returns the moment from which it is worth trying again, if any.

        Raises ChannelMisconfigured, or whatever else went wrong on our side, after every answer was recorded.
        """
        self._claim_at = self.clock.now()
        try:
            while self.share.under_way or self._claims_soon:
                await self._turn()
        finally:
            await self._finish()
        if self._stopped_by is not None:
            raise self._stopped_by
        if self._claim_at is not None:
            return self._claim_at
        return await self._writer.write(lambda connection: next_moment(connection, self.job, self.channel))

    @property
    def _claims_soon(self) -> bool:
        """Whether it is worth staying for the next permits: who waits for hours leaves its places to others."""
        return self._claim_at is not None and self._claim_at - self.clock.now() <= _STAY

    async def _turn(self) -> None:
        """Record what was answered, and claim what there is room for."""
        await self._listen()
        if not self._unrecorded and not self._may_claim:
            self.told(0)
            return
        answers = tuple(self._unrecorded)
        claimed = await self._writer.write(lambda connection: self._exchange(connection, answers))
        self._tidy(len(answers))
        self._unrecorded.clear()
        for taken in claimed.taken:
            self.share.under_way.add(asyncio.create_task(self._send(taken)))
        ended = sum(1 for answer in answers if not isinstance(answer.outcome, TryLater))
        self.told(ended + claimed.withdrawn)  # last: who hears it may end the work, and what was claimed still goes

    def _tidy(self, gone: int) -> None:
        self._untidied += gone
        if self._untidied >= _TIDY:
            self._untidied = 0
            give_back()

    async def _listen(self) -> None:
        """Take the answers that have come; waits for the first, or for the moment at which more can be claimed."""
        patience = self._patience()
        if not self.share.under_way:
            await asyncio.sleep(patience or 0)
            return
        await asyncio.wait(self.share.under_way, return_when=asyncio.FIRST_COMPLETED, timeout=patience)
        if len(self.share.under_way) > _FEW:
            await asyncio.sleep(_GATHER)
        answered = {task for task in self.share.under_way if task.done()}
        self.share.under_way -= answered
        self._unrecorded += [task.result() for task in answered]

    def _patience(self) -> float | None:
        """How many seconds until more can be claimed; None: not before an answer comes."""
        if self._claim_at is None:
            return None
        if not self.share.free:
            return _GLANCE if self.share.gate.is_shared else None
        return min(max((self._claim_at - self.clock.now()).total_seconds(), 0), _LONGEST_NAP)

    @property
    def _may_claim(self) -> bool:
        return self._claim_at is not None and self.share.free > 0

    @property
    def _writer(self) -> Writer:
        return self.share.gate.writer

    def _exchange(self, connection: Connection, answers: Sequence[Answer]) -> Claim:
        """One transaction: answers recorded, permits reserved, rows claimed."""
        record(connection, self.job.number, answers, self.job.provider_of(self.channel))
        now = self.clock.now()
        if any(isinstance(answer.outcome, TryLater) for answer in answers):
            self._claim_at = now
        if self._stopped_by is not None:
            self._claim_at = None
        if not self._may_claim:
            return Claim((), 0)
        self.permits.give_back(connection, now)
        permitted = self.permits.permits(connection, min(self.share.free, AT_ONCE), now)
        most = self.share.outage.let(permitted, now)
        attempt = token_hex(8)
        after = self._bookmark.begin(now)
        claimed = claim(
            connection, self.job, self.channel, most, now, attempt=attempt, domains=self.domains, after=after
        )
        self.permits.take(connection, attempt, len(claimed.taken), now)
        self.share.outage.went(len(claimed.taken), now)
        more = self._bookmark.move(claimed, most)
        again_at = (self.permits.worth_asking(connection), self.share.outage.again_at)
        self._claim_at = max(filter(None, again_at), default=now) if more else None
        return claimed

    async def _finish(self) -> None:
        """Wait for what is under way and record it, whatever ended the work."""
        if self.share.under_way:
            done, self.share.under_way = await asyncio.wait(self.share.under_way)
            self._unrecorded += [task.result() for task in done]
        for pause in _PAUSES:
            try:
                await self._record()
            except DBAPIError:  # what a provider has said is worth waiting for a ledger that is coming back
                await asyncio.sleep(pause)
            else:
                return
        await self._record()

    async def _record(self) -> None:
        answers, provider = tuple(self._unrecorded), self.job.provider_of(self.channel)
        if answers:
            await self._writer.write(lambda connection: record(connection, self.job.number, answers, provider))
            self._unrecorded.clear()

    async def _send(self, taken: Taken) -> Answer:
        outcome = await self._outcome(taken)
        notice(taken.claimed, self.job.provider_of(self.channel), outcome)
        return Answer(taken.claimed, outcome, self.clock.now())

    async def _outcome(self, taken: Taken) -> Outcome:
        try:
            sending = self._written(taken)
        except CannotWrite as error:
            return Refused(error.reason, error.detail)
        except Exception as error:  # our bug stops the run; what is under way is recorded before it is raised
            self._stopped_by = error
            return TryLater(0, type(error).__name__)
        if self._stopped_by is not None or self.clock.now() >= taken.until:
            sending.close()
            return TryLater(0, "nothing was said to the provider")
        return await self._said(sending)

    def _written(self, taken: Taken) -> Coroutine[Any, Any, Outcome]:
        """The message, in the hands of its provider alone, who begins when this is awaited."""
        units = 0
        try:
            message = self.pen(taken)
            units = message.units
        finally:
            self.permits.wrote(taken.claimed.attempt, units)
        return self.provider.send(message)  # type: ignore[arg-type]  # the registry pairs pen and provider

    async def _said(self, sending: Coroutine[Any, Any, Outcome]) -> Outcome:
        try:
            with answering(self.channel, self.job.provider_of(self.channel)):
                outcome = await sending
        except ChannelMisconfigured as error:
            self._stopped_by = error
            return TryLater(0, str(error))
        except Exception as error:  # a bug of the adapter: the message may have gone
            self._stopped_by = error
            return Unknown(type(error).__name__)
        self.share.outage.hear(outcome, self.clock.now())
        return outcome
