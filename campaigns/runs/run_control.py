"""Control of planned runs: approve, start, pause, resume, cancel, and the reasons why one may not start."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from campaigns.core.errors import Problem, UserError
from campaigns.runs.capacity.forecast import PlanForecast
from campaigns.runs.dispatch.lifecycle import start_problem, start_run, start_time
from campaigns.runs.planning.plan_counts import PlanCounts
from campaigns.runs.proofs.send_proof import send_seed_copies
from campaigns.runs.queries import Queries
from campaigns.runs.run_definitions import RunDefinitions, missing_fields_problem
from campaigns.store.ledger.connection import Ledger
from campaigns.store.people import audit
from campaigns.store.runs import runs
from campaigns.store.runs.run_tables import Run
from campaigns.store.runs.states import RunState
from campaigns.workspace.campaign_definition import CampaignDefinition
from campaigns.workspace.context import Context

T = TypeVar("T")

_LOG: Final = logging.getLogger("viesti")


@dataclass(frozen=True)
class RunControl:
    """Control of one workspace's runs."""

    context: Context
    queries: Queries
    run_definitions: RunDefinitions
    forecast: PlanForecast

    def start(self, run: Run) -> None:
        """Start sending a planned run; leave a started one as it is.

        Raise UserError if its files are gone or changed, if it was planned over a day ago, needs an approval, has more
        sends than the campaign allows, or cannot all be sent in time.
        """
        if run.state != RunState.PLANNED:
            return
        context = self.context
        now = context.clock.now()
        if context.has_workers:
            self.run_definitions.shared_files(run).ensure_uploaded()
        problem = self.start_problem(run)
        if problem is not None:
            raise UserError([problem])
        campaign = self.run_definitions.campaign(run)
        with context.ledger.write() as connection:
            started = start_run(connection, run, campaign, now)
            if started:
                audit.record(connection, now, context.actor, "send", run.run_id)
        if started:
            sends = PlanCounts.from_json(run.counts).sent
            _LOG.info("%s: started, %d to be sent", run.run_id, sends, extra={"run": run.run_id})
            send_seed_copies(self.queries, run, campaign)

    def start_problem(self, run: Run) -> Problem | None:
        """Return why a plan may not be started now (see `start`); None if it may."""
        campaign = self.run_definitions.campaign(run)
        has_workers = self.context.has_workers  # then `start` ensures the fields
        if not has_workers and not self.run_definitions.files(run).fields.exists():
            return missing_fields_problem(run)
        definition = self.current_definition(run)
        problem = start_problem(run, campaign, definition.definition_hash(), self.context.clock.now())
        if problem is None and definition.uses_products(self.context.repository.catalogue):
            self.context.repository.goods_protection.require()
        return problem or self.forecast.capacity_problem(run)

    def start_time_or_problem(self, run: Run) -> datetime | Problem | None:
        """Return why a planned run has not started: its time is to come, or a problem; None if it may start."""
        if run.scheduled:
            starts_at = start_time(run, self.context.settings.dispatch.jitter)
            if starts_at > self.context.clock.now():
                return starts_at
        try:
            return self.start_problem(run)
        except UserError as error:
            return error.problems[0]

    def current_definition(self, run: Run) -> CampaignDefinition:
        """Return a run's campaign as it is now: from its own file, or by name if that file is not here."""
        return self.context.repository.campaign_definition(run.file if Path(run.file).exists() else run.campaign)[0]

    def approve(self, run_id: str) -> None:
        """Approve a plan; raise UserError if it is no longer a plan, or the same account made it (A-19)."""
        run, context = self.queries.run(run_id), self.context
        with context.ledger.write() as connection:
            runs.require_same_plan(connection, run)
            if not runs.approve(connection, run.number or 0, context.actor):
                raise UserError.about(run_id, *self._approval_problem(run))
            detail = {"definition": run.definition}
            audit.record(connection, context.clock.now(), context.actor, "approve", run_id, detail)

    def _approval_problem(self, run: Run) -> tuple[str, str, str]:
        """Return why a run cannot be approved, the code, and the next step."""
        if run.state != RunState.PLANNED:
            return f"it is {run.state}, and not a plan any more", "cannot_approve", "`viesti status`"
        if self.run_definitions.campaign(run).approval is None:
            return "this campaign's plans need no approval", "cannot_approve", f"`viesti send {run.run_id}`"
        return "the account that planned a run cannot approve it", "cannot_approve", "somebody else approves it"

    def transition(self, action: Callable[[Ledger, Run, datetime, str], T], run_id: str) -> T:
        """Pause, resume or cancel a run (see `dispatch.run_transitions`); cancelling deletes its frozen fields."""
        context = self.context
        result = action(context.ledger, self.queries.run(run_id), context.clock.now(), context.actor)
        run = self.queries.run(run_id)
        if run.state == RunState.CANCELLED:
            self.run_definitions.files(run).delete_fields()
        return result
