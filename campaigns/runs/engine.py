"""The engine of one workspace: everything that a command, a page or the scheduler does with it."""

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from audiences.imports.import_file import import_file
from audiences.imports.import_report import FileProgressCallback, ImportReport
from audiences.people import holdout_versions
from campaigns.core import event_loop, memory
from campaigns.core.errors import Problem, UserError
from campaigns.core.model.enums import Channel
from campaigns.offers.price_feed import read_price_feed, write_offers_file
from campaigns.runs.capacity.forecast import Weighing, without_fields
from campaigns.runs.composing.composer_factory import ComposerFactory
from campaigns.runs.dispatch.lifecycle import start_problem, start_run, start_time
from campaigns.runs.dispatch.run_sender import RunSender, SendResult
from campaigns.runs.dispatch.send_pool import SendPool
from campaigns.runs.planning.evidence import plan_evidence
from campaigns.runs.planning.plan_counts import PlanCounts
from campaigns.runs.planning.save_plan import copy_run_files, make_visible, save_plan
from campaigns.runs.proofs.send_proof import send_seed_copies
from campaigns.store.ledger.connection import Ledger
from campaigns.store.people import audit
from campaigns.store.runs import publications, runs
from campaigns.store.runs.run_tables import Run
from campaigns.store.runs.states import RunState
from campaigns.workspace.campaign_definition import CampaignDefinition

Told = Callable[[int], None]
T = TypeVar("T")

_LOG: Final = logging.getLogger("viesti")
_GOING_ON: Final = (RunState.PLANNING, RunState.PLANNED, RunState.SENDING)


@dataclass(frozen=True)
class Engine(Weighing):
    """What changes things: plans, sends, imports.

    What asks is in `Asking` and `Weighing`, what constructs in `Parts`.
    """

    def plan(
        self, draft: CampaignDefinition, as_of: datetime, told: Told, *, scheduled: bool = False
    ) -> tuple[Run, PlanCounts]:
        """Decide one occasion of a campaign and keep the plan.

        AuthorError when the occasion has been sent, or when the templates or offers could not be: then nothing is kept.
        What was published was vetted then. `told` hears how many decisions were stored. A crash leaves a run in
        `planning`: plan again.
        """
        if not scheduled:
            self.library.require_valid(draft)
        now = self.clock.now()
        file = str(draft.file.resolve())
        with self.ledger.write() as connection:
            run = runs.open_run(connection, draft.campaign, file, as_of, now, scheduled=scheduled)
            holdout_versions.activate_version(connection, self.library.settings.holdout, now)
        files = self.run_files(run)
        if self.has_workers:
            self._shared_files(run).delete()
        copy_run_files(run, self.ledger, files, draft.files())
        with self.decided(draft, as_of) as made:
            reasons = plan_evidence(made.plan_input, draft.titles)
            save_plan(made, run, self.ledger, files, told)
            if self.has_workers:  # before another machine sees that there is something to send
                self._shared_files(run).upload()
            make_visible(made, run, reasons, self.ledger, now, self.actor)
        memory.release_memory()
        with self.ledger.read() as connection:
            return runs.get(connection, run.run_id), made.counts

    def start(self, run: Run) -> None:
        """Let a planned run send; one that was started is left as it is.

        AuthorError when its files are gone, or not what was planned any more, when it was planned over a day ago, when
        it needs an approval, when the campaign allows fewer sends, or when they cannot all go in time.
        """
        if run.state != RunState.PLANNED:
            return
        now = self.clock.now()
        if self.has_workers:
            self._shared_files(run).ensure_uploaded()
        objection = self.objection(run)
        if objection is not None:
            raise UserError([objection])
        campaign, _ = self.library.planned_campaign(self.run_files(run).definition, run.campaign)
        with self.ledger.write() as connection:
            started = start_run(connection, run, campaign, now)
            if started:
                audit.record(connection, now, self.actor, "send", run.run_id)
        if started:
            sends = PlanCounts.from_json(run.counts).sent
            _LOG.info("%s: begun, %d to be sent", run.run_id, sends, extra={"run": run.run_id})
            send_seed_copies(self, run, campaign)

    def objection(self, run: Run) -> Problem | None:
        """Why a plan would not be let go now (see `start`); None: it would."""
        if self.has_workers:
            self._shared_files(run).fetch_definition()
        files = self.run_files(run)
        campaign, _ = self.library.planned_campaign(files.definition, run.campaign)
        if not self.has_workers and not files.fields.exists():  # where there are workers, `start` has them ensured
            return without_fields(run)
        return start_problem(run, campaign, self.draft_of(run).definition_hash(), self.clock.now()) or self.cannot_fit(
            run
        )

    def waits(self, run: Run) -> datetime | Problem | None:
        """Why a planned run has not begun: its moment is to come, or there is an objection; None: it may begin."""
        if run.scheduled:
            moment = start_time(run, self.library.settings.dispatch.jitter)
            if moment > self.clock.now():
                return moment
        try:
            return self.objection(run)
        except UserError as error:
            return error.problems[0]

    def send(self, run_id: str, told: Told, channels: Collection[Channel] = tuple(Channel)) -> SendResult:
        """Send what may go now of a run that was started; killed at any moment, call it again."""

        async def alone() -> SendResult:
            async with self.gate() as gate:
                return await self.sending(gate, run_id, told, channels)

        return event_loop.run(alone())

    def draft_of(self, run: Run) -> CampaignDefinition:
        """The campaign of a run as it stands now: in its own file, or by its name where that file is not here."""
        return self.library.campaign_definition(run.file if Path(run.file).exists() else run.campaign)[0]

    def gate(self) -> SendPool:
        """A new gate for the runs that one event loop sends."""
        return SendPool(self.ledger, self.library.settings.dispatch.in_flight, self.outages)

    async def sending(self, gate: SendPool, run_id: str, told: Told, channels: Collection[Channel]) -> SendResult:
        """Send what may go now of some channels of a run, beside the other runs that go through a gate."""
        run, dispatch = self.run(run_id), RunSender(gate, self.providers, self.clock)
        if run.state != RunState.SENDING:
            if run.state == RunState.CANCELLED:
                await asyncio.to_thread(dispatch.rename_committed_bundles, run, channels)
            return SendResult(closed=run.state == RunState.CLOSED)
        job, offers = await asyncio.to_thread(self._job, run)
        done = await asyncio.to_thread(dispatch.close_if_nothing_left, job, channels)
        if done is not None:
            return done
        try:
            fields = await asyncio.to_thread(self._frozen_fields, run)
        except UserError:
            if self.run(run_id).state == RunState.SENDING:
                raise
            return SendResult(closed=True)  # by another process, at this very moment
        with closing(fields):
            workshop = ComposerFactory(job, fields, offers, self.clock)
            return await dispatch.send(job, workshop, channels, told)

    def approve(self, run_id: str) -> None:
        """Approve a plan; AuthorError when it is not a plan any more, or was made by the same account (A-19)."""
        run = self.run(run_id)
        with self.ledger.write() as connection:
            runs.require_same_plan(connection, run)
            if not runs.approve(connection, run.number or 0, self.actor):
                raise UserError.about(run_id, *self._not_approved(run))
            audit.record(connection, self.clock.now(), self.actor, "approve", run_id, {"definition": run.definition})

    def _not_approved(self, run: Run) -> tuple[str, str, str]:
        """Why a run was not approved, under which code, and what to do next."""
        if run.state != RunState.PLANNED:
            return f"it is {run.state}, and not a plan any more", "cannot_approve", "`viesti status`"
        campaign, _ = self.library.planned_campaign(self.run_files(run).definition, run.campaign)
        if campaign.approval is None:
            return "this campaign's plans need no approval", "cannot_approve", f"`viesti send {run.run_id}`"
        return "who planned it cannot approve it as well", "cannot_approve", "somebody else approves it"

    def hand(self, action: Callable[[Ledger, Run, datetime, str], T], run_id: str) -> T:
        """Pause, resume or cancel a run (see `dispatch.control`); a cancelled one forgets what it has frozen."""
        run = self.run(run_id)
        done = action(self.ledger, run, self.clock.now(), self.actor)
        if self.run(run_id).state == RunState.CANCELLED:
            self.run_files(run).delete_fields()
        return done

    def publish(self, draft: CampaignDefinition) -> datetime | None:
        """Let the scheduler run this definition of a campaign; returns when it is due next, if ever.

        AuthorError when its templates or offers are not in order.
        """
        self.library.require_valid(draft)
        now = self.clock.now()
        definition = draft.definition_hash()
        with self.ledger.write() as connection:
            due = publications.publish(connection, draft.campaign, definition, now, self.actor)
            audit.record(connection, now, self.actor, "publish", draft.campaign.name, {"definition": definition})
        return due

    def unpublish(self, campaign: str) -> list[str]:
        """Take a campaign from the scheduler, whether or not its file is still there; returns its runs that go on.

        AuthorError when it was not published.
        """
        with self.ledger.write() as connection:
            if not publications.unpublish(connection, campaign):
                raise UserError.about(
                    campaign, "no campaign of this name is published", "not_published", "`viesti calendar`"
                )
            audit.record(connection, self.clock.now(), self.actor, "unpublish", campaign)
            own = [run for run in runs.with_state(connection, *_GOING_ON) if run.campaign == campaign]
        return [run.run_id for run in own if run.scheduled or run.state == RunState.SENDING]

    def import_file(self, kind: str, file: Path, told: FileProgressCallback) -> ImportReport:
        """Bring a file in (see `audiences.imports`)."""
        return import_file(
            kind,
            file,
            ledger=self.ledger,
            warehouse=self.library.warehouse,
            settings=self.library.settings,
            clock=self.clock,
            signer=self.signer,
            rejects=self.workspace.data / "rejects",
            on_progress=told,
        )

    def import_offers(self, file: Path) -> ImportReport:
        """Make the workspace's offers file out of a price feed; a row that is no offer is set aside with its reason."""
        library = self.library
        found = read_price_feed(file, library.catalogue)
        unchanged = len(set(found.offers) & set(library.offers))
        write_offers_file(found.offers, self.workspace.offers, library.catalogue)
        rejects = self.workspace.data / "rejects" / f"offers-{file.stem}.csv"
        rejected = found.row_count - len(found.offers)
        listed = rejects if found.write_rejects(rejects) else None
        return ImportReport(found.row_count, len(found.offers) - unchanged, unchanged, rejected, 0, listed)
