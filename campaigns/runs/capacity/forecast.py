"""What a plan weighs before anything of it is sent: whether it can all go in time, and what its text messages cost."""

from collections.abc import Collection, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from campaigns.core.errors import AuthorError, Place, Problem
from campaigns.core.model.enums import Channel
from campaigns.core.model.offer import Offer
from campaigns.runs.capacity.feasibility import Window, cannot_fit, held_back
from campaigns.runs.capacity.sms_segments import Lengths, lengths_of
from campaigns.runs.capacity.workload import Load, Waiting, coming, load_of, waiting_of
from campaigns.runs.composing.composer_factory import Workshop
from campaigns.runs.composing.message_composers import SmsPen
from campaigns.runs.composing.run_context import Job
from campaigns.runs.dispatch.lifecycle import send_by
from campaigns.runs.planning.plan_counts import Tally
from campaigns.runs.planning.run_files import FrozenFields
from campaigns.runs.planning.shared_run_files import SharedFiles
from campaigns.runs.queries import Asking
from campaigns.store.runs.run_tables import Run


@dataclass(frozen=True)
class Weighing(Asking):
    """Weighs plans by the messages that they would write."""

    def lengths(self, run: Run) -> Lengths | None:
        """How long the text messages of a plan are for their readers (TW-03); None where it has none."""
        texts = Tally.from_json(run.counts).sends.get(Channel.SMS, 0)
        if not texts:
            return None
        job, offers = self._job(run)
        with ExitStack() as opened, self.ledger.read() as connection:
            return lengths_of(connection, job, self._sms_pen(opened, job, offers), texts)

    def cannot_fit(self, run: Run) -> Problem | None:
        """Why a plan that was started now, or when it is due, could not all be sent in time; None when it can."""
        job, offers = self._job(run)
        opens = max(self.clock.now(), run.due_at) if run.scheduled else self.clock.now()
        ends = send_by(job.campaign, run.due_at, opens, scheduled=run.scheduled)
        return cannot_fit(Window(job, opens, ends), self._load(job, offers, ends))

    def _load(self, job: Job, offers: Mapping[str, Offer], ends: datetime) -> Load:
        """What a plan asks of accounts and domains."""
        sends = Tally.from_json(job.run.counts).sends
        with ExitStack() as opened, self.ledger.read() as connection:
            load = load_of(connection, job, sends, partial(self._sms_pen, opened, job, offers))
            channels = held_back(job.settings, sends)
            others = coming(connection, job.number, ends) if channels else ()
            found = [self._waiting(opened, connection, run, channels) for run in others]
        return replace(load, beside=[each for each in found if each is not None])

    def _waiting(
        self, opened: ExitStack, connection: Connection, run: Run, channels: Collection[Channel]
    ) -> Waiting | None:
        """What waits of another run; None when it closes at this moment, or its files are not here."""
        try:
            job, offers = self._job(run)
            return waiting_of(connection, job, channels, partial(self._sms_pen, opened, job, offers))
        except AuthorError:
            return None

    def _sms_pen(self, opened: ExitStack, job: Job, offers: Mapping[str, Offer]) -> SmsPen:
        fields = opened.enter_context(closing(self._frozen_fields(job.run)))
        return Workshop(job, fields, offers, self.clock).sms()

    def _job(self, run: Run) -> tuple[Job, Mapping[str, Offer]]:
        files = self.run_files(run)
        if self.has_workers:
            self._shared_files(run).fetch_definition()
        campaign, offers = self.library.planned(files.definition, run.campaign)
        return Job(run, campaign, self.library.settings, self.signer, files), offers

    def _frozen_fields(self, run: Run) -> FrozenFields:
        """What was frozen about the members of a run; AuthorError when it is gone, as after the run's end."""
        try:
            return (
                self._shared_files(run).open_fields() if self.has_workers else FrozenFields(self.run_files(run).fields)
            )
        except FileNotFoundError as error:
            raise AuthorError([without_fields(run)]) from error

    def _shared_files(self, run: Run) -> SharedFiles:
        return SharedFiles(self.ledger, run, self.run_files(run))


def without_fields(run: Run) -> Problem:
    """Says that what was frozen about a run's members is gone."""
    message, hint = "what was frozen for it about its members is not here", "restore `data/runs`"
    return Problem(Place(run.run_id), message, "no_files", hint)
