"""Planner: decides one occasion of a campaign and saves the plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from audiences.people import holdout_versions
from campaigns.core import memory
from campaigns.core.model.offer import Offer
from campaigns.offers.coupons.run_coupons import newest_key_numbers
from campaigns.offers.ranking.ranking_model import model_file
from campaigns.offers.selection import distinct_offers
from campaigns.runs.planning.evidence import plan_evidence
from campaigns.runs.planning.plan_counts import PlanCounts
from campaigns.runs.planning.plan_input import variant_offers
from campaigns.runs.planning.save_plan import copy_run_files, make_visible, save_plan
from campaigns.runs.queries import Queries
from campaigns.runs.run_definitions import RunDefinitions
from campaigns.store.ledger.connection import ProgressCallback
from campaigns.store.runs import runs
from campaigns.store.runs.run_tables import Run
from campaigns.workspace.campaign_definition import CampaignDefinition
from campaigns.workspace.context import Context
from campaigns.workspace.template_usage import variants_with_offers


@dataclass(frozen=True)
class Planner:
    """Planner of one workspace."""

    context: Context
    queries: Queries
    run_definitions: RunDefinitions

    def plan(
        self,
        definition: CampaignDefinition,
        as_of: datetime,
        on_progress: ProgressCallback,
        *,
        scheduled: bool = False,
    ) -> tuple[Run, PlanCounts]:
        """Decide one occasion of a campaign and save the plan.

        Raise UserError, with nothing saved, if the occasion has been sent, if a pool of coupons has no key, if letters
        lack a picture of an offer, or if templates or offers have errors; for a scheduled run these were checked when
        it was published. `on_progress` gets the number of stored decisions. A crash leaves a run in
        `planning`: plan again.
        """
        context = self.context
        if not scheduled:
            context.repository.require_valid(definition)
        offers = self._offers(definition, as_of)
        coupon_keys = newest_key_numbers(offers, context.coupon_keys)
        paths = {**definition.files(offers), **self._ranking_file(definition)}
        now = context.clock.now()
        file = str(definition.file.resolve())
        with context.ledger.write() as connection:
            run = runs.open_run(connection, definition.campaign, file, as_of, now, scheduled=scheduled)
            holdout_versions.activate_version(connection, context.settings.holdout, now)
        files = self.run_definitions.files(run)
        if context.has_workers:
            self.run_definitions.shared_files(run).delete()
        copy_run_files(run, context.ledger, files, paths)
        with self.queries.plan_without_saving(definition, as_of) as bare_plan:
            plan = replace(bare_plan, counts=replace(bare_plan.counts, coupon_keys=coupon_keys))
            evidence = plan_evidence(plan.plan_input, definition.titles, plan.counts)
            save_plan(plan, run, context.ledger, files, on_progress)
            if context.has_workers:  # before another machine sees that there is something to send
                self.run_definitions.shared_files(run).upload()
            make_visible(plan, run, evidence, context.ledger, now, context.actor)
        memory.release_memory()
        return self.queries.run(run.run_id), plan.counts

    def _offers(self, definition: CampaignDefinition, as_of: datetime) -> Sequence[Offer]:
        """Return the offers that the run may send."""
        if not definition.shows_offers():
            return ()
        showing = variants_with_offers(definition.templates())
        return distinct_offers(variant_offers(definition.campaign, showing, as_of, self.context.repository))

    def _ranking_file(self, definition: CampaignDefinition) -> Mapping[str, Path]:
        """Return the model that ranks the offers of the campaign, to be kept with the run."""
        if not definition.shows_offers():
            return {}
        path = self.context.workspace.ranking_model
        return {str(path.relative_to(self.context.workspace.root)): model_file(path)}
