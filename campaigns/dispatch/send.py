"""A run sent: every channel of it, as far as hours, permits and answers allow; closed when nothing is left."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from campaigns.channels.outcome import ChannelMisconfigured
from campaigns.channels.provider import BundleProvider
from campaigns.channels.registry import Providers
from campaigns.clock import Clock
from campaigns.dispatch.bundles import Bundle, Bundler, BundleRun, Item
from campaigns.dispatch.desk import Desk
from campaigns.dispatch.job import Job
from campaigns.dispatch.messages import MessageRun
from campaigns.dispatch.rate import Pace
from campaigns.dispatch.sweep import close_when_done, next_moment, tidy
from campaigns.dispatch.workshop import Workshop
from campaigns.ledger import Ledger
from campaigns.spec.reasons import EndReason
from campaigns.spec.words import Channel
from campaigns.store import runs
from campaigns.store.deliveries import end_pending
from campaigns.store.words import DeliveryState, RunState

Told = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Sent:
    """How far a run came: `closed`, or the moment from which it is worth going on, or neither: another is at it."""

    closed: bool
    again_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Sends runs of one ledger through one set of providers."""

    ledger: Ledger
    providers: Providers
    clock: Clock

    def send(self, job: Job, workshop: Workshop, told: Told) -> Sent:
        """Send what may go now. `told` hears how many deliveries ended.

        Killed at any moment: what was not claimed is pending, what was claimed is `sending` until the sweeper comes;
        call it again. Raises ChannelMisconfigured after the run was paused; no member is touched by that.
        """
        self._tidy(job, told)
        try:
            waits = [self._channel(job, workshop, channel, told) for channel in job.campaign.channels]
        except ChannelMisconfigured as error:
            with self.ledger.write() as connection:
                runs.move(connection, job.number, [RunState.SENDING], RunState.PAUSED, reason=str(error))
            raise
        self._tidy(job, told)
        with self.ledger.write() as connection:
            closed = close_when_done(connection, job, self.clock.now())
        if closed:
            job.files.close()
            return Sent(closed=True)
        return Sent(closed=False, again_at=min((moment for moment in waits if moment is not None), default=None))

    def _tidy(self, job: Job, told: Told) -> None:
        """Look after what was left, and end what may not be sent any more."""
        now = self.clock.now()
        tidy(self.ledger, now)
        if now >= job.send_by:
            told(end_pending(self.ledger, job.number, DeliveryState.EXPIRED, EndReason.EXPIRED, now))

    def _channel(self, job: Job, workshop: Workshop, channel: Channel, told: Told) -> datetime | None:
        """Send one channel's share; returns when to go on with it, if something of it waits."""
        if not job.is_quiet(channel, self.clock.now()):
            again_at = self._share(job, workshop, channel, told)
            if again_at is None or not job.is_quiet(channel, self.clock.now()):
                return again_at
        return self._hush(job, channel, self.clock.now(), told)

    def _share(self, job: Job, workshop: Workshop, channel: Channel, told: Told) -> datetime | None:
        match channel:
            case Channel.EMAIL | Channel.SMS:
                return asyncio.run(self._messages(job, workshop, channel, told))
            case Channel.POST:
                return self._bundles(job, channel, self.providers.post, workshop.letters(), told)
            case Channel.PHONE:
                return self._bundles(job, channel, self.providers.phone, workshop.calls(), told)

    def _bundles(
        self, job: Job, channel: Channel, provider: BundleProvider[Bundle], bundler: Bundler[Item, Bundle], told: Told
    ) -> datetime | None:
        BundleRun(job, channel, provider, bundler, self.clock, self.ledger, told).work()
        with self.ledger.read() as connection:
            return next_moment(connection, job, channel)

    def _hush(self, job: Job, channel: Channel, now: datetime, told: Told) -> datetime | None:
        """In quiet hours a channel's messages are held, or cancelled where the campaign says so."""
        if job.campaign.quiet_hours[channel].action == "hold":
            return job.quiet_until(channel, now)
        told(end_pending(self.ledger, job.number, DeliveryState.WITHDRAWN, EndReason.QUIET_HOURS, now, channel))
        return None

    async def _messages(self, job: Job, workshop: Workshop, channel: Channel, told: Told) -> datetime | None:
        async with Desk(self.ledger) as desk:
            pen = workshop.email() if channel is Channel.EMAIL else workshop.sms()
            provider = self.providers.email if channel is Channel.EMAIL else self.providers.sms
            pace = Pace(job.run.run_id, job.campaign.limits.rate)
            return await MessageRun(job, channel, provider, pen, self.clock, desk, pace, told).work()
