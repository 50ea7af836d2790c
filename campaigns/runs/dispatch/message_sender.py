"""Sender of single messages: claim, compose, send and record, with many in flight at once."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any, Final, Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from campaigns.channels.outcome import ChannelMisconfiguredError, Outcome, Refused, RetryLater, Unknown
from campaigns.channels.provider import OutgoingEmail, OutgoingSms
from campaigns.core.clock import Clock
from campaigns.core.memory import release_memory
from campaigns.core.metrics import time_response
from campaigns.core.model.enums import Channel
from campaigns.runs.composing.claimed_message import ClaimedMessage, ComposeError
from campaigns.runs.composing.run_context import RunContext
from campaigns.runs.dispatch.claim import MAX_PER_CLAIM, ClaimCursor, ClaimResult, claim
from campaigns.runs.dispatch.domain_limits import DomainLimits
from campaigns.runs.dispatch.ledger_writer import LedgerWriter
from campaigns.runs.dispatch.rate_permits import RatePermits
from campaigns.runs.dispatch.record_outcomes import DeliveryAnswer, log_outcome, record_answers
from campaigns.runs.dispatch.send_pool import EmailOrSmsProvider, RunSlots
from campaigns.runs.dispatch.sweeper import next_due_at

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


class MessageComposer(Protocol):
    """Composer of the message of a claimed delivery; raises ComposeError."""

    def __call__(self, delivery: ClaimedMessage, /) -> OutgoingEmail | OutgoingSms: ...


@dataclass
class MessageSender:
    """Sender of one channel of one run; `on_progress` gets the number of deliveries that ended since the last call."""

    run_context: RunContext
    channel: Channel
    provider: EmailOrSmsProvider
    composer: MessageComposer
    clock: Clock
    slots: RunSlots
    permits: RatePermits
    on_progress: Callable[[int], None]
    domains: DomainLimits | None = None
    _unrecorded: list[DeliveryAnswer] = field(default_factory=list, init=False)
    _claim_at: datetime | None = field(default=None, init=False)
    _stopped_by: Exception | None = field(default=None, init=False)
    _cursor: ClaimCursor = field(default_factory=ClaimCursor, init=False)
    _unreleased: int = field(default=0, init=False)

    async def send(self) -> datetime | None:
        """Send until nothing can be claimed; return when to try again, if at all.

        Raise ChannelMisconfiguredError, or any error of our own code, after every answer was recorded.
        """
        self._claim_at = self.clock.now()
        try:
            while self.slots.in_flight or self._claims_soon:
                await self._step()
        finally:
            await self._finish()
        if self._stopped_by is not None:
            raise self._stopped_by
        if self._claim_at is not None:
            return self._claim_at
        return await self._writer.write(lambda connection: next_due_at(connection, self.run_context, self.channel))

    @property
    def _claims_soon(self) -> bool:
        """Return whether the next permit is due within 30 s; otherwise free the slots for other runs."""
        return self._claim_at is not None and self._claim_at - self.clock.now() <= _MAX_PERMIT_WAIT

    async def _step(self) -> None:
        """Record answers and claim as many deliveries as there are free slots."""
        await self._collect_answers()
        if not self._unrecorded and not self._may_claim:
            self.on_progress(0)
            return
        answers = tuple(self._unrecorded)
        result = await self._writer.write(lambda connection: self._exchange(connection, answers))
        self._release_memory(len(answers))
        self._unrecorded.clear()
        for delivery in result.deliveries:
            self.slots.in_flight.add(asyncio.create_task(self._send(delivery)))
        ended = sum(1 for answer in answers if not isinstance(answer.outcome, RetryLater))
        self.on_progress(ended + result.withdrawn)  # last: the callback may end the work, and claimed messages still go

    def _release_memory(self, messages: int) -> None:
        self._unreleased += messages
        if self._unreleased >= _RELEASE_INTERVAL:
            self._unreleased = 0
            release_memory()

    async def _collect_answers(self) -> None:
        """Wait for the first answer, or until more can be claimed, and collect all answers that have come."""
        timeout = self._timeout()
        if not self.slots.in_flight:
            await asyncio.sleep(timeout or 0)
            return
        await asyncio.wait(self.slots.in_flight, return_when=asyncio.FIRST_COMPLETED, timeout=timeout)
        if len(self.slots.in_flight) > _BATCHING_THRESHOLD:
            await asyncio.sleep(_BATCHING_DELAY)
        done = {task for task in self.slots.in_flight if task.done()}
        self.slots.in_flight -= done
        self._unrecorded += [task.result() for task in done]

    def _timeout(self) -> float | None:
        """Return the seconds until more can be claimed; None if not before an answer comes."""
        if self._claim_at is None:
            return None
        if not self.slots.free:
            return _SLOT_POLL_INTERVAL if self.slots.pool.is_shared else None
        return min(max((self._claim_at - self.clock.now()).total_seconds(), 0), _MAX_SLEEP)

    @property
    def _may_claim(self) -> bool:
        return self._claim_at is not None and self.slots.free > 0

    @property
    def _writer(self) -> LedgerWriter:
        return self.slots.pool.writer

    def _exchange(self, connection: Connection, answers: Sequence[DeliveryAnswer]) -> ClaimResult:
        """Record answers, take permits and claim rows, in one transaction."""
        record_answers(connection, self.run_context.number, answers, self.run_context.provider_name(self.channel))
        now = self.clock.now()
        if any(isinstance(answer.outcome, RetryLater) for answer in answers):
            self._claim_at = now
        if self._stopped_by is not None:
            self._claim_at = None
        if not self._may_claim:
            return ClaimResult((), 0)
        self.permits.refund(connection, now)
        permitted = self.permits.available(connection, min(self.slots.free, MAX_PER_CLAIM), now)
        limit = self.slots.outage.available(permitted, now)
        attempt = token_hex(8)
        after = self._cursor.next_position(now)
        result = claim(
            connection, self.run_context, self.channel, limit, now, attempt=attempt, domains=self.domains, after=after
        )
        self.permits.take(connection, attempt, len(result.deliveries), now)
        self.slots.outage.record_sent(len(result.deliveries), now)
        may_have_more = self._cursor.advance(result, limit)
        retry_at = (self.permits.retry_after(connection), self.slots.outage.retry_at)
        self._claim_at = max(filter(None, retry_at), default=now) if may_have_more else None
        return result

    async def _finish(self) -> None:
        """Wait for messages in flight and record their answers, however the work ended."""
        if self.slots.in_flight:
            done, self.slots.in_flight = await asyncio.wait(self.slots.in_flight)
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
        answers, provider = tuple(self._unrecorded), self.run_context.provider_name(self.channel)
        if answers:
            await self._writer.write(
                lambda connection: record_answers(connection, self.run_context.number, answers, provider)
            )
            self._unrecorded.clear()

    async def _send(self, delivery: ClaimedMessage) -> DeliveryAnswer:
        outcome = await self._outcome(delivery)
        log_outcome(delivery.claimed, self.run_context.provider_name(self.channel), outcome)
        return DeliveryAnswer(delivery.claimed, outcome, self.clock.now())

    async def _outcome(self, delivery: ClaimedMessage) -> Outcome:
        try:
            send_call = self._start_sending(delivery)
        except ComposeError as error:
            return Refused(error.reason, error.detail)
        except Exception as error:  # our bug stops the run; messages in flight are recorded before it is raised
            self._stopped_by = error
            return RetryLater(0, type(error).__name__)
        if self._stopped_by is not None or self.clock.now() >= delivery.deadline:
            send_call.close()
            return RetryLater(0, "nothing was sent to the provider")
        return await self._await_outcome(send_call)

    def _start_sending(self, delivery: ClaimedMessage) -> Coroutine[Any, Any, Outcome]:
        """Compose the message and return the provider's send call, which starts when awaited."""
        units = 0
        try:
            message = self.composer(delivery)
            units = message.rate_units
        finally:
            self.permits.record_units(delivery.claimed.attempt, units)
        return self.provider.send(message)  # type: ignore[arg-type]  # the registry pairs composer and provider

    async def _await_outcome(self, send_call: Coroutine[Any, Any, Outcome]) -> Outcome:
        try:
            with time_response(self.channel, self.run_context.provider_name(self.channel)):
                outcome = await send_call
        except ChannelMisconfiguredError as error:
            self._stopped_by = error
            return RetryLater(0, str(error))
        except Exception as error:  # a bug of the adapter: the message may have gone
            self._stopped_by = error
            return Unknown(type(error).__name__)
        self.slots.outage.record_outcome(outcome, self.clock.now())
        return outcome
