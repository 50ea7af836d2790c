"""Sender: sends what may go now of started runs."""

import asyncio
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass

from campaigns.core import event_loop
from campaigns.core.errors import UserError
from campaigns.core.model.enums import Channel
from campaigns.runs.composing.composer_factory import ComposerFactory
from campaigns.runs.dispatch.provider_outage import ProviderOutages
from campaigns.runs.dispatch.run_sender import RunSender, SendResult
from campaigns.runs.dispatch.send_pool import SendPool
from campaigns.runs.queries import Queries
from campaigns.runs.run_definitions import RunDefinitions
from campaigns.store.ledger.connection import ProgressCallback
from campaigns.store.runs.states import RunState
from campaigns.workspace.context import Context


@dataclass(frozen=True)
class Sender:
    """Sender of one workspace's runs; `outages` are those of its providers at the moment."""

    context: Context
    queries: Queries
    run_definitions: RunDefinitions
    outages: ProviderOutages

    def send(
        self, run_id: str, on_progress: ProgressCallback, channels: Collection[Channel] = tuple(Channel)
    ) -> SendResult:
        """Send what may go now of a started run; after a crash at any moment, call it again."""

        async def send_alone() -> SendResult:
            async with self.open_send_pool() as pool:
                return await self.send_channels(pool, run_id, on_progress, channels)

        return event_loop.run(send_alone())

    def open_send_pool(self) -> SendPool:
        """Return a new pool for the runs that one event loop sends."""
        return SendPool(self.context.ledger, self.context.settings.dispatch.in_flight, self.outages)

    async def send_channels(
        self, pool: SendPool, run_id: str, on_progress: ProgressCallback, channels: Collection[Channel]
    ) -> SendResult:
        """Send what may go now of some channels of a run, beside the other runs of a pool."""
        run, sender = self.queries.run(run_id), RunSender(pool, self.context.providers, self.context.clock)
        if run.state != RunState.SENDING:
            if run.state == RunState.CANCELLED:
                await asyncio.to_thread(sender.rename_committed_bundles, run, channels)
            return SendResult(closed=run.state == RunState.CLOSED)
        run_context, offers = await asyncio.to_thread(self.run_definitions.run_context, run)
        result = await asyncio.to_thread(sender.close_if_nothing_left, run_context, channels)
        if result is not None:
            return result
        try:
            fields = await asyncio.to_thread(self.run_definitions.frozen_fields, run)
        except UserError:
            if self.queries.run(run_id).state == RunState.SENDING:
                raise
            return SendResult(closed=True)  # by another process, at this very moment
        with closing(fields):
            composers = ComposerFactory(run_context, fields, offers, self.context.clock, self.context.coupon_keys)
            return await sender.send(run_context, composers, channels, on_progress)
