"""Messages that go one by one: claim, write, send, record, with many under way and none waiting for the slowest."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy import Connection

from campaigns.channels.outcome import ChannelMisconfigured, Outcome, Refused, TryLater, Unknown
from campaigns.channels.provider import MessageProvider, OutgoingEmail, OutgoingSms
from campaigns.clock import Clock
from campaigns.dispatch.claim import AT_ONCE, Claim, Taken, claim
from campaigns.dispatch.desk import Desk
from campaigns.dispatch.job import Job
from campaigns.dispatch.rate import Pace
from campaigns.dispatch.record import Answer, record
from campaigns.dispatch.sweep import next_moment
from campaigns.spec.reasons import EndReason
from campaigns.spec.words import Channel

_LONGEST_NAP: Final = 1.0


class CannotWrite(Exception):  # noqa: N818 - said as what happened
    """One member's message cannot be written; `reason` ends its delivery, the others go on."""

    def __init__(self, reason: EndReason, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(detail)


class Pen(Protocol):
    """Writes the message of a claimed delivery; raises CannotWrite."""

    def __call__(self, taken: Taken, /) -> OutgoingEmail | OutgoingSms: ...


@dataclass
class MessageRun:
    """One channel of one run on its way. `told` hears how many deliveries ended since it was last told."""

    job: Job
    channel: Channel
    provider: MessageProvider[OutgoingEmail] | MessageProvider[OutgoingSms]
    pen: Pen
    clock: Clock
    desk: Desk
    pace: Pace
    told: Callable[[int], None]
    _under_way: set[asyncio.Task[Answer]] = field(default_factory=set, init=False)
    _claim_at: datetime | None = field(default=None, init=False)
    _stopped_by: Exception | None = field(default=None, init=False)

    async def work(self) -> datetime | None:
        """Send until nothing can be claimed; returns the moment from which it is worth trying again, if any.

        Raises ChannelMisconfigured, or whatever else went wrong on our side, after every answer was recorded.
        """
        await self.provider.open()
        self._claim_at = self.clock.now()
        try:
            while self._under_way or self._claim_at is not None:
                await self._turn()
        finally:
            await self._finish()
            await self.provider.close()
        if self._stopped_by is not None:
            raise self._stopped_by
        return await self.desk.write(lambda connection: next_moment(connection, self.job, self.channel))

    async def _turn(self) -> None:
        """Record what was answered, and claim what there is room for."""
        answers = await self._answers()
        claimed = await self.desk.write(lambda connection: self._exchange(connection, answers))
        for taken in claimed.taken:
            self._under_way.add(asyncio.create_task(self._send(taken)))
        ended = sum(1 for answer in answers if not isinstance(answer.outcome, TryLater))
        self.told(ended + claimed.withdrawn)  # last: who hears it may end the work, and what was claimed still goes

    async def _answers(self) -> list[Answer]:
        """The answers that have come; waits for the first, or for the moment at which more can be claimed."""
        patience = self._patience()
        if not self._under_way:
            await asyncio.sleep(patience or 0)
            return []
        done, self._under_way = await asyncio.wait(
            self._under_way, return_when=asyncio.FIRST_COMPLETED, timeout=patience
        )
        return [task.result() for task in done]

    def _patience(self) -> float | None:
        """How many seconds until more can be claimed; None: not before an answer comes."""
        if self._claim_at is None or not self._free:
            return None
        return min(max((self._claim_at - self.clock.now()).total_seconds(), 0), _LONGEST_NAP)

    @property
    def _free(self) -> int:
        return self.job.settings.dispatch.in_flight - len(self._under_way)

    def _exchange(self, connection: Connection, answers: list[Answer]) -> Claim:
        """One transaction: answers recorded, permits reserved, rows claimed."""
        record(connection, self.job.number, answers, self.job.provider_of(self.channel))
        now = self.clock.now()
        if any(isinstance(answer.outcome, TryLater) for answer in answers):
            self._claim_at = now
        if self._stopped_by is not None:
            self._claim_at = None
        if self._claim_at is None or not self._free:
            return Claim((), 0)
        most = self.pace.permits(connection, min(self._free, AT_ONCE), now)
        claimed = claim(connection, self.job, self.channel, most, now)
        self.pace.take(connection, len(claimed.taken), now)
        self._claim_at = None if claimed.found < most else self.pace.worth_asking(connection) or now
        return claimed

    async def _finish(self) -> None:
        """Wait for what is under way and record it, whatever ended the work."""
        if self._under_way:
            done, self._under_way = await asyncio.wait(self._under_way)
            answers = [task.result() for task in done]
            await self.desk.write(
                lambda connection: record(connection, self.job.number, answers, self.job.provider_of(self.channel))
            )

    async def _send(self, taken: Taken) -> Answer:
        outcome = await self._outcome(taken)
        return Answer(taken.claimed, outcome, self.clock.now())

    async def _outcome(self, taken: Taken) -> Outcome:
        try:
            message = self.pen(taken)
        except CannotWrite as error:
            return Refused(error.reason, error.detail)
        except Exception as error:  # our bug stops the run; what is under way is recorded before it is raised
            self._stopped_by = error
            return TryLater(0, type(error).__name__)
        if self._stopped_by is not None or self.clock.now() >= taken.until:
            return TryLater(0, "nothing was said to the provider")
        return await self._said(message)

    async def _said(self, message: OutgoingEmail | OutgoingSms) -> Outcome:
        try:
            return await self.provider.send(message)  # type: ignore[arg-type]  # the registry pairs pen and provider
        except ChannelMisconfigured as error:
            self._stopped_by = error
            return TryLater(0, str(error))
        except Exception as error:  # a bug of the adapter: the message may have gone
            self._stopped_by = error
            return Unknown(type(error).__name__)
