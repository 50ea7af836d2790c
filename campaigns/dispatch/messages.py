"""Messages that go one by one: claim, write, send, record, with many under way and none waiting for the slowest."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy import Connection

from campaigns.channels.outcome import ChannelMisconfigured, Outcome, Refused, TryLater
from campaigns.channels.provider import MessageProvider, OutgoingEmail, OutgoingSms
from campaigns.clock import Clock
from campaigns.dispatch.claim import Claim, Taken, claim
from campaigns.dispatch.desk import Desk
from campaigns.dispatch.job import Job
from campaigns.dispatch.rate import Pacer
from campaigns.dispatch.record import Answer, record
from campaigns.dispatch.sweep import next_moment
from campaigns.spec.reasons import EndReason
from campaigns.spec.words import Channel

_NAP: Final = 0.05


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
    pacer: Pacer
    told: Callable[[int], None]
    _under_way: set[asyncio.Task[Answer]] = field(default_factory=set, init=False)
    _broken: ChannelMisconfigured | None = field(default=None, init=False)

    async def work(self) -> datetime | None:
        """Send until nothing can be claimed; returns the moment from which it is worth trying again, if any.

        Raises ChannelMisconfigured after every answer was recorded: no member was touched by it.
        """
        await self.provider.open()
        try:
            while await self._turn():
                pass
        finally:
            await self._finish()
            await self.provider.close()
        if self._broken is not None:
            raise self._broken
        return await self.desk.write(lambda connection: next_moment(connection, self.job, self.channel))

    async def _turn(self) -> bool:
        """Record what was answered, claim what there is room for; False when there is nothing more to do now."""
        answers = await self._answers()
        wanted = self._room()
        found = await self.desk.write(lambda connection: self._exchange(connection, answers, wanted))
        self.told(sum(1 for answer in answers if not isinstance(answer.outcome, TryLater)) + found.withdrawn)
        for taken in found.taken:
            self._under_way.add(asyncio.create_task(self._send(taken)))
        if not found.is_empty or self._under_way:
            return True
        return await self._waited_for_permit(wanted)

    def _exchange(self, connection: Connection, answers: list[Answer], wanted: int) -> Claim:
        record(connection, self.job.number, answers, self.job.provider_of(self.channel))
        return claim(connection, self.job, self.channel, wanted, self.clock.now())

    def _room(self) -> int:
        if self._broken is not None or self._is_over():
            return 0
        free = self.job.settings.dispatch.in_flight - len(self._under_way)
        return self.pacer.permits(free, self.clock.now())

    def _is_over(self) -> bool:
        now = self.clock.now()
        return now >= self.job.send_by or self.job.is_quiet(self.channel, now)

    async def _waited_for_permit(self, wanted: int) -> bool:
        """Whether an empty claim was empty only for want of a permit; waits for the next one."""
        if wanted > 0 or self._broken is not None or self._is_over():
            return False
        await asyncio.sleep(max(self.pacer.wait(self.clock.now()).total_seconds(), _NAP))
        return True

    async def _answers(self) -> list[Answer]:
        """The answers that have come; waits for the first when something is under way."""
        if not self._under_way:
            return []
        done, self._under_way = await asyncio.wait(
            self._under_way, return_when=asyncio.FIRST_COMPLETED, timeout=_NAP if self._room_is_left() else None
        )
        return [task.result() for task in done]

    def _room_is_left(self) -> bool:
        return len(self._under_way) < self.job.settings.dispatch.in_flight

    async def _finish(self) -> None:
        """Wait for what is under way and record it, whatever ended the work."""
        if self._under_way:
            done, _ = await asyncio.wait(self._under_way)
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
        if self._broken is not None or self.clock.now() >= taken.until:
            return TryLater(0, "nothing was said to the provider")
        try:
            return await self.provider.send(message)  # type: ignore[arg-type]  # the registry pairs pen and provider
        except ChannelMisconfigured as error:
            self._broken = error
            return TryLater(0, str(error))
