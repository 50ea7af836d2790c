"""Sender of runs: all channels concurrently, within hours and rate limits; a run without work left is closed."""

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from campaigns.channels.outcome import ChannelMisconfiguredError
from campaigns.channels.provider import BundleProvider
from campaigns.channels.registry import ChannelProviders
from campaigns.core.clock import Clock, local_day
from campaigns.core.model.enums import Channel
from campaigns.core.model.reasons import EndReason
from campaigns.runs.composing.composer_factory import ComposerFactory
from campaigns.runs.composing.run_context import RunContext
from campaigns.runs.dispatch.bundle_sender import Bundle, BundleComposer, BundleSender, Item, rename_committed_bundles
from campaigns.runs.dispatch.domain_limits import DomainLimits
from campaigns.runs.dispatch.message_sender import MessageSender
from campaigns.runs.dispatch.rate_limit import RateLimiter, account_limiter, run_limiter
from campaigns.runs.dispatch.rate_permits import RatePermits
from campaigns.runs.dispatch.send_pool import SendPool
from campaigns.runs.dispatch.sweeper import clean_up, close_if_done, next_due_at
from campaigns.store.ledger.connection import ProgressCallback
from campaigns.store.runs import runs
from campaigns.store.runs.bundles import list_committed
from campaigns.store.runs.deliveries import end_pending
from campaigns.store.runs.run_tables import Run
from campaigns.store.runs.states import DeliveryState, RunState

_LOG: Final = logging.getLogger("viesti")


@dataclass(frozen=True, slots=True)
class SendResult:
    """Result of sending a run: closed, or when to go on, or neither if another process is sending it."""

    closed: bool
    resume_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunSender:
    """Sender of several runs at once, through one send pool and one set of providers."""

    pool: SendPool
    providers: ChannelProviders
    clock: Clock

    async def send(
        self,
        run_context: RunContext,
        composers: ComposerFactory,
        channels: Collection[Channel],
        on_progress: ProgressCallback,
    ) -> SendResult:
        """Send what may go now of the run's channels among `channels`; `on_progress` gets numbers of ended deliveries.

        After a crash at any moment, unclaimed deliveries are pending and claimed ones `sending` until the sweeper
        comes; call it again. Raise ChannelMisconfiguredError after the run was paused; no member is affected. An
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
        if await self.pool.writer.write(lambda connection: close_if_done(connection, run_context, self.clock.now())):
            _close_files(run_context)
            return SendResult(closed=True)
        return SendResult(
            closed=False, resume_at=min((moment for moment in resume_times if moment is not None), default=None)
        )

    def rename_committed_bundles(self, run: Run, channels: Collection[Channel]) -> None:
        """Rename the files of a cancelled run's committed bundles whose process died."""
        if Channel.POST in channels:
            rename_committed_bundles(self.pool.ledger, run, Channel.POST, self.providers.post)
        if Channel.PHONE in channels:
            rename_committed_bundles(self.pool.ledger, run, Channel.PHONE, self.providers.phone)

    def close_if_nothing_left(self, run_context: RunContext, channels: Collection[Channel]) -> SendResult | None:
        """Close a run if possible and return its state if nothing is left in some channels; else return None."""
        own_channels = [channel for channel in run_context.campaign.channels if channel in channels]
        with self.pool.ledger.read() as connection:
            if any(
                next_due_at(connection, run_context, channel) or list_committed(connection, run_context.number, channel)
                for channel in own_channels
            ):
                return None
        with self.pool.ledger.write() as connection:
            closed = close_if_done(connection, run_context, self.clock.now())
        if closed:
            _close_files(run_context)
        return SendResult(closed)

    async def _send_channel_or_pause(
        self, run_context: RunContext, composers: ComposerFactory, channel: Channel, on_progress: ProgressCallback
    ) -> datetime | None:
        """Send a channel; pause the run if its provider is misconfigured, so that the other channels stop."""
        try:
            return await self._send_channel(run_context, composers, channel, on_progress)
        except ChannelMisconfiguredError as error:
            reason = str(error)
            await self.pool.writer.write(
                lambda connection: runs.change_state(
                    connection, run_context.number, [RunState.SENDING], RunState.PAUSED, reason=reason
                )
            )
            raise

    def _clean_up(self, run_context: RunContext, on_progress: ProgressCallback) -> None:
        """Clean up after dead processes, and expire pending deliveries after `send_by`."""
        now = self.clock.now()
        clean_up(self.pool.ledger, now)
        if now >= run_context.send_by:
            on_progress(
                end_pending(self.pool.ledger, run_context.number, DeliveryState.EXPIRED, EndReason.EXPIRED, now)
            )

    async def _send_channel(
        self, run_context: RunContext, composers: ComposerFactory, channel: Channel, on_progress: ProgressCallback
    ) -> datetime | None:
        """Send one channel; return when to go on if deliveries are waiting."""
        if not run_context.is_quiet(channel, self.clock.now()):
            again_at = await self._send_now(run_context, composers, channel, on_progress)
            if again_at is None or not run_context.is_quiet(channel, self.clock.now()):
                return again_at
        return await asyncio.to_thread(self._apply_quiet_hours, run_context, channel, self.clock.now(), on_progress)

    async def _send_now(
        self, run_context: RunContext, composers: ComposerFactory, channel: Channel, on_progress: ProgressCallback
    ) -> datetime | None:
        match channel:
            case Channel.EMAIL | Channel.SMS:
                return await self._send_messages(run_context, composers, channel, on_progress)
            case Channel.POST:
                return await asyncio.to_thread(
                    self._send_bundles,
                    run_context,
                    channel,
                    self.providers.post,
                    composers.letter_composer(),
                    on_progress,
                )
            case Channel.PHONE:
                return await asyncio.to_thread(
                    self._send_bundles,
                    run_context,
                    channel,
                    self.providers.phone,
                    composers.call_list_composer(),
                    on_progress,
                )

    def _send_bundles(
        self,
        run_context: RunContext,
        channel: Channel,
        provider: BundleProvider[Bundle],
        bundler: BundleComposer[Item, Bundle],
        on_progress: ProgressCallback,
    ) -> datetime | None:
        ledger = self.pool.ledger
        BundleSender(run_context, channel, provider, bundler, self.clock, ledger, on_progress).send()
        with ledger.read() as connection:
            return next_due_at(connection, run_context, channel)

    def _apply_quiet_hours(
        self, run_context: RunContext, channel: Channel, now: datetime, on_progress: ProgressCallback
    ) -> datetime | None:
        """Hold or cancel a channel's messages in quiet hours, as the campaign says; return when to go on."""
        if run_context.campaign.quiet_hours[channel].action == "hold":
            return run_context.quiet_hours_end(channel, now)
        end_state = (DeliveryState.WITHDRAWN, EndReason.QUIET_HOURS)
        on_progress(end_pending(self.pool.ledger, run_context.number, *end_state, now, channel))
        return None

    async def _send_messages(
        self, run_context: RunContext, composers: ComposerFactory, channel: Channel, on_progress: ProgressCallback
    ) -> datetime | None:
        composer = composers.email_composer() if channel is Channel.EMAIL else composers.sms_composer()
        provider = self.providers.email if channel is Channel.EMAIL else self.providers.sms
        email = run_context.settings.channels.email
        domains = DomainLimits(email.domains) if channel is Channel.EMAIL and email.domains else None
        permits = self._rate_permits(run_context, channel)
        async with self.pool.open_slots(provider) as share:
            run = MessageSender(
                run_context, channel, provider, composer, self.clock, share, permits, on_progress, domains
            )
            return await run.send()

    def _rate_permits(self, run_context: RunContext, channel: Channel) -> RatePermits:
        """Return permits under the rates of the campaign, of the provider account, and of a warm-up."""
        limiters = (run_limiter(run_context), account_limiter(run_context.settings, channel))
        if channel is Channel.SMS:
            return RatePermits(limiters, max_message_units=run_context.settings.channels.sms.max_segments)
        warm_up = run_context.settings.channels.email.warm_up
        today = local_day(self.clock.now(), run_context.settings.zone)
        return RatePermits((*limiters, RateLimiter("warm-up", warm_up.rate_on(today) if warm_up else None)))


def _close_files(run_context: RunContext) -> None:
    """Delete the frozen fields of a run that was just closed."""
    run_context.files.delete_fields()
    _LOG.info("%s: closed", run_context.run.run_id, extra={"run": run_context.run.run_id})
