"""Forecast of a plan: whether all of it can be sent in time, and the segments of its text messages."""

from collections.abc import Collection, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from campaigns.core.errors import Problem, UserError
from campaigns.core.model.enums import Channel
from campaigns.core.model.offer import Offer
from campaigns.runs.capacity.feasibility import SendWindow, capacity_problem, rate_limited_channels
from campaigns.runs.capacity.sms_segments import SegmentDistribution, measure_segments
from campaigns.runs.capacity.workload import RunBacklog, Workload, competing_runs, measure_backlog, measure_workload
from campaigns.runs.composing.composer_factory import ComposerFactory
from campaigns.runs.composing.message_composers import SmsComposer
from campaigns.runs.composing.run_context import RunContext
from campaigns.runs.dispatch.lifecycle import claim_deadline
from campaigns.runs.planning.plan_counts import PlanCounts
from campaigns.runs.run_definitions import RunDefinitions
from campaigns.store.runs.run_tables import Run
from campaigns.workspace.context import Context


@dataclass(frozen=True)
class PlanForecast:
    """Forecast of plans, measured on messages composed for some of their members."""

    context: Context
    run_definitions: RunDefinitions

    def segments(self, run: Run) -> SegmentDistribution | None:
        """Return how many segments a plan's text messages take (TW-03); None if it has none."""
        messages = PlanCounts.from_json(run.counts).sends.get(Channel.SMS, 0)
        if not messages:
            return None
        run_context, offers = self.run_definitions.run_context(run)
        with ExitStack() as stack, self.context.ledger.read() as connection:
            composer = self._sms_composer(stack, run_context, offers)
            return measure_segments(connection, run_context, composer, messages)

    def capacity_problem(self, run: Run) -> Problem | None:
        """Return why a plan, started now or when it is due, could not all be sent in time; None if it can."""
        run_context, offers = self.run_definitions.run_context(run)
        now = self.context.clock.now()
        opens_at = max(now, run.due_at) if run.scheduled else now
        ends_at = claim_deadline(run_context.campaign, run.due_at, opens_at, scheduled=run.scheduled)
        workload = self._workload(run_context, offers, ends_at)
        return capacity_problem(SendWindow(run_context, opens_at, ends_at), workload)

    def _workload(self, run_context: RunContext, offers: Mapping[str, Offer], ends_at: datetime) -> Workload:
        """Return what a plan and the runs beside it need of accounts and domains."""
        sends = PlanCounts.from_json(run_context.run.counts).sends
        with ExitStack() as stack, self.context.ledger.read() as connection:
            composer = partial(self._sms_composer, stack, run_context, offers)
            workload = measure_workload(connection, run_context, sends, composer)
            channels = rate_limited_channels(run_context.settings, sends)
            runs = competing_runs(connection, run_context.number, ends_at) if channels else ()
            backlogs = [self._backlog(stack, connection, run, channels) for run in runs]
        return replace(workload, other_backlogs=[backlog for backlog in backlogs if backlog is not None])

    def _backlog(
        self, stack: ExitStack, connection: Connection, run: Run, channels: Collection[Channel]
    ) -> RunBacklog | None:
        """Return the backlog of another run; None if it closes at this moment, or its files are not here."""
        try:
            run_context, offers = self.run_definitions.run_context(run)
            composer = partial(self._sms_composer, stack, run_context, offers)
            return measure_backlog(connection, run_context, channels, composer)
        except UserError:
            return None

    def _sms_composer(self, stack: ExitStack, run_context: RunContext, offers: Mapping[str, Offer]) -> SmsComposer:
        fields = stack.enter_context(closing(self.run_definitions.frozen_fields(run_context.run)))
        return ComposerFactory(run_context, fields, offers, self.context.clock, self.context.coupon_keys).sms_composer()
