"""A run sent: its channels side by side, as far as hours, permits and answers allow; closed when nothing is left."""

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from campaigns.channels.outcome import ChannelMisconfigured
from campaigns.channels.provider import BundleProvider
from campaigns.channels.registry import Providers
from campaigns.core.clock import Clock, local_day
from campaigns.core.model.enums import Channel
from campaigns.core.model.reasons import EndReason
from campaigns.runs.composing.composer_factory import Workshop
from campaigns.runs.composing.run_context import Job
from campaigns.runs.dispatch.bundle_sender import Bundle, Bundler, BundleRun, Item, name_what_was_committed
from campaigns.runs.dispatch.domain_limits import Domains
from campaigns.runs.dispatch.message_sender import MessageRun
from campaigns.runs.dispatch.rate_limit import Pace, account_pace, run_pace
from campaigns.runs.dispatch.rate_permits import Permits
from campaigns.runs.dispatch.send_pool import Gate
from campaigns.runs.dispatch.sweeper import close_when_done, next_moment, tidy
from campaigns.store.runs import runs
from campaigns.store.runs.bundles import committed
from campaigns.store.runs.deliveries import end_pending
from campaigns.store.runs.run_tables import Run
from campaigns.store.runs.states import DeliveryState, RunState

Told = Callable[[int], None]

_LOG: Final = logging.getLogger("viesti")


@dataclass(frozen=True, slots=True)
class Sent:
    """How far a run came: `closed`, or the moment from which it is worth going on, or neither: another is at it."""

    closed: bool
    again_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Sends runs through one gate and one set of providers; several at once."""

    gate: Gate
    providers: Providers
    clock: Clock

    async def send(self, job: Job, workshop: Workshop, channels: Collection[Channel], told: Told) -> Sent:
        """Send what may go now of the run's channels among `channels`. `told` hears how many deliveries ended.

        Killed at any moment: what was not claimed is pending, what was claimed is `sending` until the sweeper comes;
        call it again. Raises ChannelMisconfigured after the run was paused; no member is touched by that. Whatever one
        channel raises is raised when the others have ended.
        """
        await asyncio.to_thread(self._tidy, job, told)
        ours = [channel for channel in job.campaign.channels if channel in channels]
        waits = await asyncio.gather(
            *(self._unless_misconfigured(job, workshop, channel, told) for channel in ours), return_exceptions=True
        )
        moments = []
        for wait in waits:
            if isinstance(wait, BaseException):
                raise wait
            moments.append(wait)
        await asyncio.to_thread(self._tidy, job, told)
        if await self.gate.writer.write(lambda connection: close_when_done(connection, job, self.clock.now())):
            _put_away(job)
            return Sent(closed=True)
        return Sent(closed=False, again_at=min((moment for moment in moments if moment is not None), default=None))

    def name_bundles(self, run: Run, channels: Collection[Channel]) -> None:
        """Give their names to the files of a cancelled run that were handed over and whose process died."""
        if Channel.POST in channels:
            name_what_was_committed(self.gate.ledger, run, Channel.POST, self.providers.post)
        if Channel.PHONE in channels:
            name_what_was_committed(self.gate.ledger, run, Channel.PHONE, self.providers.phone)

    def without_work(self, job: Job, channels: Collection[Channel]) -> Sent | None:
        """How far a run is of which nothing is left in some channels, closed if it can be; None: something is left."""
        ours = [channel for channel in job.campaign.channels if channel in channels]
        with self.gate.ledger.read() as connection:
            if any(next_moment(connection, job, each) or committed(connection, job.number, each) for each in ours):
                return None
        with self.gate.ledger.write() as connection:
            closed = close_when_done(connection, job, self.clock.now())
        if closed:
            _put_away(job)
        return Sent(closed)

    async def _unless_misconfigured(
        self, job: Job, workshop: Workshop, channel: Channel, told: Told
    ) -> datetime | None:
        """Send a channel's share; a provider that can never work pauses the run, so that its other channels stop."""
        try:
            return await self._channel(job, workshop, channel, told)
        except ChannelMisconfigured as error:
            reason = str(error)
            await self.gate.writer.write(
                lambda connection: runs.move(connection, job.number, [RunState.SENDING], RunState.PAUSED, reason=reason)
            )
            raise

    def _tidy(self, job: Job, told: Told) -> None:
        """Look after what was left, and end what may not be sent any more."""
        now = self.clock.now()
        tidy(self.gate.ledger, now)
        if now >= job.send_by:
            told(end_pending(self.gate.ledger, job.number, DeliveryState.EXPIRED, EndReason.EXPIRED, now))

    async def _channel(self, job: Job, workshop: Workshop, channel: Channel, told: Told) -> datetime | None:
        """Send one channel's share; returns when to go on with it, if something of it waits."""
        if not job.is_quiet(channel, self.clock.now()):
            again_at = await self._share(job, workshop, channel, told)
            if again_at is None or not job.is_quiet(channel, self.clock.now()):
                return again_at
        return await asyncio.to_thread(self._hush, job, channel, self.clock.now(), told)

    async def _share(self, job: Job, workshop: Workshop, channel: Channel, told: Told) -> datetime | None:
        match channel:
            case Channel.EMAIL | Channel.SMS:
                return await self._messages(job, workshop, channel, told)
            case Channel.POST:
                return await asyncio.to_thread(
                    self._bundles, job, channel, self.providers.post, workshop.letters(), told
                )
            case Channel.PHONE:
                return await asyncio.to_thread(
                    self._bundles, job, channel, self.providers.phone, workshop.calls(), told
                )

    def _bundles(
        self, job: Job, channel: Channel, provider: BundleProvider[Bundle], bundler: Bundler[Item, Bundle], told: Told
    ) -> datetime | None:
        ledger = self.gate.ledger
        BundleRun(job, channel, provider, bundler, self.clock, ledger, told).work()
        with ledger.read() as connection:
            return next_moment(connection, job, channel)

    def _hush(self, job: Job, channel: Channel, now: datetime, told: Told) -> datetime | None:
        """In quiet hours a channel's messages are held, or cancelled where the campaign says so."""
        if job.campaign.quiet_hours[channel].action == "hold":
            return job.quiet_until(channel, now)
        cancelled = (DeliveryState.WITHDRAWN, EndReason.QUIET_HOURS)
        told(end_pending(self.gate.ledger, job.number, *cancelled, now, channel))
        return None

    async def _messages(self, job: Job, workshop: Workshop, channel: Channel, told: Told) -> datetime | None:
        pen = workshop.email() if channel is Channel.EMAIL else workshop.sms()
        provider = self.providers.email if channel is Channel.EMAIL else self.providers.sms
        email = job.settings.channels.email
        domains = Domains(email.domains) if channel is Channel.EMAIL and email.domains else None
        permits = self._permits(job, channel)
        async with self.gate.share(provider) as share:
            run = MessageRun(job, channel, provider, pen, self.clock, share, permits, told, domains)
            return await run.work()

    def _permits(self, job: Job, channel: Channel) -> Permits:
        """What holds a channel back: the campaign's rate, the account's, and a young sender's."""
        paces = (run_pace(job), account_pace(job.settings, channel))
        if channel is Channel.SMS:
            return Permits(paces, each=job.settings.channels.sms.max_segments)
        growing = job.settings.channels.email.warm_up
        today = local_day(self.clock.now(), job.settings.zone)
        return Permits((*paces, Pace("warm-up", growing.rate_on(today) if growing else None)))


def _put_away(job: Job) -> None:
    """Forget what was frozen for a run that has just been closed."""
    job.files.close()
    _LOG.info("%s: closed", job.run.run_id, extra={"run": job.run.run_id})
