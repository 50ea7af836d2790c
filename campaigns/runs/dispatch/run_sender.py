"""Sender of runs: all channels concurrently, within hours and rate limits; a run without work left is closed."""

import asyncio
import logging
from collections.abc import Collection
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
from campaigns.store.ledger.connection import Told
from campaigns.store.runs import runs
from campaigns.store.runs.bundles import committed
from campaigns.store.runs.deliveries import end_pending
from campaigns.store.runs.run_tables import Run
from campaigns.store.runs.states import DeliveryState, RunState

_LOG: Final = logging.getLogger("viesti")


@dataclass(frozen=True, slots=True)
class Sent:
    """Result of sending a run: closed, or when to go on, or neither if another process is sending it."""

    closed: bool
    again_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Sender of several runs at once, through one send pool and one set of providers."""

    gate: Gate
    providers: Providers
    clock: Clock

    async def send(
        self, run_context: Job, composers: Workshop, channels: Collection[Channel], on_progress: Told
    ) -> Sent:
        """Send what may go now of the run's channels among `channels`; `on_progress` gets numbers of ended deliveries.

        After a crash at any moment, unclaimed deliveries are pending and claimed ones `sending` until the sweeper
        comes; call it again. Raise ChannelMisconfigured after the run was paused, without an effect on any member. An
        exception of one channel is raised after the others have ended.
        """
        await asyncio.to_thread(self._clean_up, run_context, on_progress)
        own_channels = [channel for channel in run_context.campaign.channels if channel in channels]
        results = await asyncio.gather(
            *(self._send_channel_or_pause(run_context, composers, channel, on_progress) for channel in own_channels),
            return_exceptions=True,
        )
        resume_times = []
        for result in results:
            if isinstance(result, BaseException):
                raise result
            resume_times.append(result)
        await asyncio.to_thread(self._clean_up, run_context, on_progress)
        if await self.gate.writer.write(lambda connection: close_when_done(connection, run_context, self.clock.now())):
            _close_files(run_context)
            return Sent(closed=True)
        return Sent(closed=False, again_at=min((moment for moment in resume_times if moment is not None), default=None))

    def name_bundles(self, run: Run, channels: Collection[Channel]) -> None:
        """Rename the files of a cancelled run's committed bundles whose process died."""
        if Channel.POST in channels:
            name_what_was_committed(self.gate.ledger, run, Channel.POST, self.providers.post)
        if Channel.PHONE in channels:
            name_what_was_committed(self.gate.ledger, run, Channel.PHONE, self.providers.phone)

    def without_work(self, run_context: Job, channels: Collection[Channel]) -> Sent | None:
        """Close a run if possible and return its state if nothing is left in some channels; else return None."""
        own_channels = [channel for channel in run_context.campaign.channels if channel in channels]
        with self.gate.ledger.read() as connection:
            if any(
                next_moment(connection, run_context, channel) or committed(connection, run_context.number, channel)
                for channel in own_channels
            ):
                return None
        with self.gate.ledger.write() as connection:
            closed = close_when_done(connection, run_context, self.clock.now())
        if closed:
            _close_files(run_context)
        return Sent(closed)

    async def _send_channel_or_pause(
        self, run_context: Job, composers: Workshop, channel: Channel, on_progress: Told
    ) -> datetime | None:
        """Send a channel; pause the run if its provider is misconfigured, so that the other channels stop."""
        try:
            return await self._send_channel(run_context, composers, channel, on_progress)
        except ChannelMisconfigured as error:
            reason = str(error)
            await self.gate.writer.write(
                lambda connection: runs.move(
                    connection, run_context.number, [RunState.SENDING], RunState.PAUSED, reason=reason
                )
            )
            raise

    def _clean_up(self, run_context: Job, on_progress: Told) -> None:
        """Clean up after dead processes, and expire pending deliveries after `send_by`."""
        now = self.clock.now()
        tidy(self.gate.ledger, now)
        if now >= run_context.send_by:
            on_progress(
                end_pending(self.gate.ledger, run_context.number, DeliveryState.EXPIRED, EndReason.EXPIRED, now)
            )

    async def _send_channel(
        self, run_context: Job, composers: Workshop, channel: Channel, on_progress: Told
    ) -> datetime | None:
        """Send one channel; return when to go on if deliveries are waiting."""
        if not run_context.is_quiet(channel, self.clock.now()):
            again_at = await self._send_now(run_context, composers, channel, on_progress)
            if again_at is None or not run_context.is_quiet(channel, self.clock.now()):
                return again_at
        return await asyncio.to_thread(self._apply_quiet_hours, run_context, channel, self.clock.now(), on_progress)

    async def _send_now(
        self, run_context: Job, composers: Workshop, channel: Channel, on_progress: Told
    ) -> datetime | None:
        match channel:
            case Channel.EMAIL | Channel.SMS:
                return await self._send_messages(run_context, composers, channel, on_progress)
            case Channel.POST:
                return await asyncio.to_thread(
                    self._send_bundles, run_context, channel, self.providers.post, composers.letters(), on_progress
                )
            case Channel.PHONE:
                return await asyncio.to_thread(
                    self._send_bundles, run_context, channel, self.providers.phone, composers.calls(), on_progress
                )

    def _send_bundles(
        self,
        run_context: Job,
        channel: Channel,
        provider: BundleProvider[Bundle],
        bundler: Bundler[Item, Bundle],
        on_progress: Told,
    ) -> datetime | None:
        ledger = self.gate.ledger
        BundleRun(run_context, channel, provider, bundler, self.clock, ledger, on_progress).work()
        with ledger.read() as connection:
            return next_moment(connection, run_context, channel)

    def _apply_quiet_hours(
        self, run_context: Job, channel: Channel, now: datetime, on_progress: Told
    ) -> datetime | None:
        """Hold or cancel a channel's messages in quiet hours, as the campaign says; return when to go on."""
        if run_context.campaign.quiet_hours[channel].action == "hold":
            return run_context.quiet_until(channel, now)
        end_state = (DeliveryState.WITHDRAWN, EndReason.QUIET_HOURS)
        on_progress(end_pending(self.gate.ledger, run_context.number, *end_state, now, channel))
        return None

    async def _send_messages(
        self, run_context: Job, composers: Workshop, channel: Channel, on_progress: Told
    ) -> datetime | None:
        composer = composers.email() if channel is Channel.EMAIL else composers.sms()
        provider = self.providers.email if channel is Channel.EMAIL else self.providers.sms
        email = run_context.settings.channels.email
        domains = Domains(email.domains) if channel is Channel.EMAIL and email.domains else None
        permits = self._rate_permits(run_context, channel)
        async with self.gate.share(provider) as share:
            run = MessageRun(run_context, channel, provider, composer, self.clock, share, permits, on_progress, domains)
            return await run.work()

    def _rate_permits(self, run_context: Job, channel: Channel) -> Permits:
        """Return permits under the rates of the campaign, of the provider account, and of a warm-up."""
        limiters = (run_pace(run_context), account_pace(run_context.settings, channel))
        if channel is Channel.SMS:
            return Permits(limiters, each=run_context.settings.channels.sms.max_segments)
        warm_up = run_context.settings.channels.email.warm_up
        today = local_day(self.clock.now(), run_context.settings.zone)
        return Permits((*limiters, Pace("warm-up", warm_up.rate_on(today) if warm_up else None)))


def _close_files(run_context: Job) -> None:
    """Delete the frozen fields of a run that was just closed."""
    run_context.files.close()
    _LOG.info("%s: closed", run_context.run.run_id, extra={"run": run_context.run.run_id})
