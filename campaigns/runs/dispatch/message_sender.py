"""Sender of single messages: claim, compose, send and record, with many in flight at once."""

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

_MAX_SLEEP: Final = 1.0
_MAX_PERMIT_WAIT: Final = timedelta(seconds=30)
_SLOT_POLL_INTERVAL: Final = 0.1
"""Seconds between two polls for slots that other runs hold."""

_BATCHING_THRESHOLD: Final = 64
_BATCHING_DELAY: Final = 0.01
"""Seconds of answers that share one transaction if many are in flight: a transaction costs more than its rows."""

_RELEASE_INTERVAL: Final = 4096
"""Number of messages after which freed memory is returned to the system: 10 to 20 MB, in 1 to 10 ms."""

_RECORD_RETRY_DELAYS: Final = (0.2, 0.5, 1, 2, 4, 8)
"""Seconds between attempts to record answers in a ledger that cannot be reached or is full."""


class Pen(Protocol):
    """Composer of the message of a claimed delivery; raises ComposeError."""

    def __call__(self, delivery: Taken, /) -> OutgoingEmail | OutgoingSms: ...


@dataclass
class MessageRun:
    """Sender of one channel of one run; `on_progress` gets the number of deliveries that ended since the last call."""

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
    _cursor: Bookmark = field(default_factory=Bookmark, init=False)
    _unreleased: int = field(default=0, init=False)

    async def work(self) -> datetime | None:
        """Send until nothing can be claimed; return when to try again, if at all.

        Raise ChannelMisconfigured, or any error of our own code, after every answer was recorded.
        """
        self._claim_at = self.clock.now()
        try:
            while self.share.under_way or self._claims_soon:
                await self._step()
        finally:
            await self._finish()
        if self._stopped_by is not None:
            raise self._stopped_by
        if self._claim_at is not None:
            return self._claim_at
        return await self._writer.write(lambda connection: next_moment(connection, self.job, self.channel))

    @property
    def _claims_soon(self) -> bool:
        """Return whether the next permit is due within 30 s; otherwise free the slots for other runs."""
        return self._claim_at is not None and self._claim_at - self.clock.now() <= _MAX_PERMIT_WAIT

    async def _step(self) -> None:
        """Record answers and claim as many deliveries as there are free slots."""
        await self._collect_answers()
        if not self._unrecorded and not self._may_claim:
            self.told(0)
            return
        answers = tuple(self._unrecorded)
        result = await self._writer.write(lambda connection: self._exchange(connection, answers))
        self._release_memory(len(answers))
        self._unrecorded.clear()
        for delivery in result.taken:
            self.share.under_way.add(asyncio.create_task(self._send(delivery)))
        ended = sum(1 for answer in answers if not isinstance(answer.outcome, TryLater))
        self.told(ended + result.withdrawn)  # last: the callback may end the work, and claimed messages still go

    def _release_memory(self, messages: int) -> None:
        self._unreleased += messages
        if self._unreleased >= _RELEASE_INTERVAL:
            self._unreleased = 0
            give_back()

    async def _collect_answers(self) -> None:
        """Wait for the first answer, or until more can be claimed, and collect all answers that have come."""
        timeout = self._timeout()
        if not self.share.under_way:
            await asyncio.sleep(timeout or 0)
            return
        await asyncio.wait(self.share.under_way, return_when=asyncio.FIRST_COMPLETED, timeout=timeout)
        if len(self.share.under_way) > _BATCHING_THRESHOLD:
            await asyncio.sleep(_BATCHING_DELAY)
        done = {task for task in self.share.under_way if task.done()}
        self.share.under_way -= done
        self._unrecorded += [task.result() for task in done]

    def _timeout(self) -> float | None:
        """Return the seconds until more can be claimed; None if not before an answer comes."""
        if self._claim_at is None:
            return None
        if not self.share.free:
            return _SLOT_POLL_INTERVAL if self.share.gate.is_shared else None
        return min(max((self._claim_at - self.clock.now()).total_seconds(), 0), _MAX_SLEEP)

    @property
    def _may_claim(self) -> bool:
        return self._claim_at is not None and self.share.free > 0

    @property
    def _writer(self) -> Writer:
        return self.share.gate.writer

    def _exchange(self, connection: Connection, answers: Sequence[Answer]) -> Claim:
        """Record answers, take permits and claim rows, in one transaction."""
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
        limit = self.share.outage.let(permitted, now)
        attempt = token_hex(8)
        after = self._cursor.begin(now)
        result = claim(
            connection, self.job, self.channel, limit, now, attempt=attempt, domains=self.domains, after=after
        )
        self.permits.take(connection, attempt, len(result.taken), now)
        self.share.outage.went(len(result.taken), now)
        may_have_more = self._cursor.move(result, limit)
        retry_at = (self.permits.worth_asking(connection), self.share.outage.again_at)
        self._claim_at = max(filter(None, retry_at), default=now) if may_have_more else None
        return result

    async def _finish(self) -> None:
        """Wait for messages in flight and record their answers, however the work ended."""
        if self.share.under_way:
            done, self.share.under_way = await asyncio.wait(self.share.under_way)
            self._unrecorded += [task.result() for task in done]
        for pause in _RECORD_RETRY_DELAYS:
            try:
                await self._record()
            except DBAPIError:  # answers of a provider are worth waiting until the ledger is back
                await asyncio.sleep(pause)
            else:
                return
        await self._record()

    async def _record(self) -> None:
        answers, provider = tuple(self._unrecorded), self.job.provider_of(self.channel)
        if answers:
            await self._writer.write(lambda connection: record(connection, self.job.number, answers, provider))
            self._unrecorded.clear()

    async def _send(self, delivery: Taken) -> Answer:
        outcome = await self._outcome(delivery)
        notice(delivery.claimed, self.job.provider_of(self.channel), outcome)
        return Answer(delivery.claimed, outcome, self.clock.now())

    async def _outcome(self, delivery: Taken) -> Outcome:
        try:
            send_call = self._start_sending(delivery)
        except CannotWrite as error:
            return Refused(error.reason, error.detail)
        except Exception as error:  # our bug stops the run; messages in flight are recorded before it is raised
            self._stopped_by = error
            return TryLater(0, type(error).__name__)
        if self._stopped_by is not None or self.clock.now() >= delivery.until:
            send_call.close()
            return TryLater(0, "nothing was sent to the provider")
        return await self._await_outcome(send_call)

    def _start_sending(self, delivery: Taken) -> Coroutine[Any, Any, Outcome]:
        """Compose the message and return the provider's send call, which starts when awaited."""
        units = 0
        try:
            message = self.pen(delivery)
            units = message.units
        finally:
            self.permits.wrote(delivery.claimed.attempt, units)
        return self.provider.send(message)  # type: ignore[arg-type]  # the registry pairs composer and provider

    async def _await_outcome(self, send_call: Coroutine[Any, Any, Outcome]) -> Outcome:
        try:
            with answering(self.channel, self.job.provider_of(self.channel)):
                outcome = await send_call
        except ChannelMisconfigured as error:
            self._stopped_by = error
            return TryLater(0, str(error))
        except Exception as error:  # a bug of the adapter: the message may have gone
            self._stopped_by = error
            return Unknown(type(error).__name__)
        self.share.outage.hear(outcome, self.clock.now())
        return outcome
