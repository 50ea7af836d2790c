"""What a plan weighs before anything of it is sent: whether it can all go in time, and what its text messages cost."""

from collections.abc import Collection, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from campaigns.core.errors import FilePosition, Problem, UserError
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
from campaigns.runs.planning.run_files import FrozenFields
from campaigns.runs.planning.shared_run_files import SharedRunFiles
from campaigns.runs.queries import Asking
from campaigns.store.runs.run_tables import Run


@dataclass(frozen=True)
class Weighing(Asking):
    """Weighs plans by the messages that they would write."""

    def lengths(self, run: Run) -> SegmentDistribution | None:
        """How long the text messages of a plan are for their readers (TW-03); None where it has none."""
        texts = PlanCounts.from_json(run.counts).sends.get(Channel.SMS, 0)
        if not texts:
            return None
        job, offers = self._job(run)
        with ExitStack() as opened, self.ledger.read() as connection:
            return measure_segments(connection, job, self._sms_pen(opened, job, offers), texts)

    def cannot_fit(self, run: Run) -> Problem | None:
        """Why a plan that was started now, or when it is due, could not all be sent in time; None when it can."""
        job, offers = self._job(run)
        opens = max(self.clock.now(), run.due_at) if run.scheduled else self.clock.now()
        ends = claim_deadline(job.campaign, run.due_at, opens, scheduled=run.scheduled)
        return capacity_problem(SendWindow(job, opens, ends), self._load(job, offers, ends))

    def _load(self, job: RunContext, offers: Mapping[str, Offer], ends: datetime) -> Workload:
        """What a plan asks of accounts and domains."""
        sends = PlanCounts.from_json(job.run.counts).sends
        with ExitStack() as opened, self.ledger.read() as connection:
            load = measure_workload(connection, job, sends, partial(self._sms_pen, opened, job, offers))
            channels = rate_limited_channels(job.settings, sends)
            others = competing_runs(connection, job.number, ends) if channels else ()
            found = [self._waiting(opened, connection, run, channels) for run in others]
        return replace(load, other_backlogs=[each for each in found if each is not None])

    def _waiting(
        self, opened: ExitStack, connection: Connection, run: Run, channels: Collection[Channel]
    ) -> RunBacklog | None:
        """What waits of another run; None when it closes at this moment, or its files are not here."""
        try:
            job, offers = self._job(run)
            return measure_backlog(connection, job, channels, partial(self._sms_pen, opened, job, offers))
        except UserError:
            return None

    def _sms_pen(self, opened: ExitStack, job: RunContext, offers: Mapping[str, Offer]) -> SmsComposer:
        fields = opened.enter_context(closing(self._frozen_fields(job.run)))
        return ComposerFactory(job, fields, offers, self.clock).sms_composer()

    def _job(self, run: Run) -> tuple[RunContext, Mapping[str, Offer]]:
        files = self.run_files(run)
        if self.has_workers:
            self._shared_files(run).fetch_definition()
        campaign, offers = self.library.planned_campaign(files.definition, run.campaign)
        return RunContext(run, campaign, self.library.settings, self.signer, files), offers

    def _frozen_fields(self, run: Run) -> FrozenFields:
        """What was frozen about the members of a run; AuthorError when it is gone, as after the run's end."""
        try:
            return (
                self._shared_files(run).open_fields() if self.has_workers else FrozenFields(self.run_files(run).fields)
            )
        except FileNotFoundError as error:
            raise UserError([without_fields(run)]) from error

    def _shared_files(self, run: Run) -> SharedRunFiles:
        return SharedRunFiles(self.ledger, run, self.run_files(run))


def without_fields(run: Run) -> Problem:
    """Says that what was frozen about a run's members is gone."""
    message, hint = "what was frozen for it about its members is not here", "restore `data/runs`"
    return Problem(FilePosition(run.run_id), message, "no_files", hint)
