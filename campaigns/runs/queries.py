"""Queries over a workspace: counts, explanations, previews, runs. Only a preview writes a file."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from audiences.people import contacts, holdout_versions
from audiences.people.contacts import allows_purchase_detail, choices_of, contact_of
from audiences.people.snapshot import take_snapshot
from audiences.warehouse.warehouse import AGGREGATES_FOLDER
from campaigns.core.clock import local_day, midnight
from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.offer_reason import parse_chosen_offers
from campaigns.core.private_files import make_private_folder
from campaigns.core.safe_names import safe_file_name
from campaigns.rendering.offer_reason_text import Reader, explain_offers
from campaigns.rules.scope import RuleScope
from campaigns.runs.composing.preview import PreviewDecision, WrittenPreview, write_preview
from campaigns.runs.composing.run_context import RunContext
from campaigns.runs.composing.template_context import TemplateContexts, sample_codes
from campaigns.runs.planning import contact_history
from campaigns.runs.planning.aggregate_cache import AggregateCache
from campaigns.runs.planning.audience_count import AudienceCount, CountQuery, count_audience
from campaigns.runs.planning.calendar import CalendarEntry, calendar_entries
from campaigns.runs.planning.data_freshness import PURCHASE_CLASSES, no_members_warning, stale_data_warning
from campaigns.runs.planning.evidence import offer_names
from campaigns.runs.planning.explain import Explanation, explain
from campaigns.runs.planning.offer_warnings import offer_warnings
from campaigns.runs.planning.plan import LedgerSnapshot, Plan, make_plan
from campaigns.runs.planning.plan_counts import PlanCounts
from campaigns.runs.planning.plan_input import build_plan_input
from campaigns.runs.planning.plan_warnings import count_warnings, overlap_warnings
from campaigns.runs.planning.query_session import QuerySession, RuleEngine
from campaigns.runs.run_definitions import RunDefinitions
from campaigns.store.runs import decisions, publications, runs
from campaigns.store.runs.decisions import OutcomeCounts
from campaigns.store.runs.run_tables import Run
from campaigns.store.runs.states import RunState
from campaigns.workspace.campaign_definition import CampaignDefinition
from campaigns.workspace.context import Context
from campaigns.workspace.workspace_check import readable_campaigns


@dataclass(frozen=True)
class Queries:
    """Queries over one workspace."""

    context: Context
    run_definitions: RunDefinitions

    @contextmanager
    def plan_without_saving(
        self, definition: CampaignDefinition, as_of: datetime, members: tuple[str, ...] = ()
    ) -> Iterator[Plan]:
        """Yield the plan of one occasion without saving it; of the listed members only, if any are listed.

        Listed members see offers with the handicaps and popularity of the campaign's last plan, so that both agree.
        """
        repository = self.context.repository
        if definition.uses_products(repository.catalogue):
            repository.goods_protection.require()
        with self.context.ledger.read() as connection:
            salt = holdout_versions.current_salt(connection)
            last = runs.latest_planned(connection, definition.campaign.name) if members else None
        whole = None if last is None else PlanCounts.from_json(last.counts)
        of_offers = ({}, {}) if whole is None else (whole.handicaps_by_offer, whole.facts_by_offer)
        plan_input = build_plan_input(definition, as_of, repository, salt, members, *of_offers)
        warehouse = repository.warehouse
        opened = warehouse.connect_for_members(members, as_of) if members else warehouse.connect(as_of)
        with closing(opened) as connection:
            session = QuerySession(connection, self.rule_engine(as_of), None if members else self.aggregate_cache)
            yield make_plan(session, plan_input, self.snapshot(members))

    def explain(
        self, definition: CampaignDefinition, member_id: str, as_of: datetime, language: Language
    ) -> Explanation:
        """Return why one member would or would not get a campaign's message."""
        with self.context.ledger.read() as connection:
            contact_of(connection, member_id)
        with self.plan_without_saving(definition, as_of, (member_id,)) as plan:
            return explain(plan, member_id, definition.titles, language)

    def preview(self, definition: CampaignDefinition, member_id: str, as_of: datetime) -> WrittenPreview:
        """Write one member's message of a campaign to a file; raise UserError if there is none."""
        context, campaign = self.context, definition.campaign
        with context.ledger.read() as connection:
            contact = contact_of(connection, member_id)
        with self.plan_without_saving(definition, as_of, (member_id,)) as plan:
            rows = plan.session.fetch_dicts(plan.ordered_decisions())
            fields = plan.session.fetch_dicts(plan.field_rows())
        if not fields:
            no_match = "the audience does not take them, or the rule is unknown for them"
            reason = rows[0]["reason"] if rows else no_match
            raise UserError.about(member_id, f"this member would get nothing: {reason}", "nothing_to_preview")
        decision = rows[0]
        channel = Channel(decision["channel"])
        run = Run(
            run_id="preview",
            number=0,
            campaign=campaign.name,
            purpose=campaign.purpose,
            due_at=as_of,
            scheduled=False,
            state=RunState.PLANNED,
            evidence={"offer_names": offer_names(context.repository.offers, context.repository.catalogue)},
        )
        run_context = RunContext(run, campaign, context.settings, context.signer, self.run_definitions.files(run))
        offers = {offer.id: offer for offer in context.repository.offers_of(definition)}
        return write_preview(
            PreviewDecision(decision["variant"], channel, decision["arm"], contact),
            definition,
            context.settings,
            TemplateContexts(run_context, lambda _: fields[0], offers, channel=channel, coupon_codes=sample_codes),
            make_private_folder(context.workspace.previews) / safe_file_name(member_id) / campaign.name,
            context.clock.now(),
        )

    def count_query(self, audience: str, as_of: datetime) -> CountQuery:
        """Return the query that counts an audience, given by name or file, at a moment."""
        repository = self.context.repository
        counted, audiences = repository.audience(audience)
        repository.require_protected_goods(counted.match, audiences=audiences)
        scope = RuleScope(
            as_of=as_of,
            zone=repository.settings.zone,
            catalogue=repository.catalogue,
            audiences={name: audience.match for name, audience in audiences.items()},
            salt=counted.name,
        )
        titles = {name: audience.title for name, audience in audiences.items()}
        return CountQuery(counted, scope, titles, repository.settings.currency)

    def count(self, query: CountQuery, language: Language) -> AudienceCount:
        """Return how many members an audience matches, with its conditions described in a language."""
        as_of = query.scope.as_of
        with closing(self.context.repository.warehouse.connect(as_of)) as connection:
            session = QuerySession(connection, self.rule_engine(as_of), self.aggregate_cache)
            return count_audience(session, query, self.snapshot(), language)

    def freshness_warning(self, name: str, as_of: datetime, data_classes: Iterable[str]) -> Problem | None:
        """Return a warning if rules over these data classes need members or purchases that were not imported."""
        with self.context.ledger.read() as connection:
            if not contacts.has_members(connection):
                return no_members_warning(name)
        if PURCHASE_CLASSES.isdisjoint(data_classes):
            return None
        newest = self.context.repository.warehouse.newest_receipt_at()
        return stale_data_warning(name, as_of, newest, self.context.settings.zone)

    def calendar(self, start: datetime, end: datetime) -> list[CalendarEntry]:
        """Return what is due after `start` and up to `end`, published or not, of the campaigns that can be read."""
        with self.context.ledger.read() as connection:
            published = frozenset(publication.campaign for publication in publications.list_all(connection))
        campaigns = [definition.campaign for definition in readable_campaigns(self.context.repository)[0]]
        return calendar_entries(campaigns, published, start, end)

    def unreadable_campaigns(self) -> list[Problem]:
        """Return the errors of campaigns that cannot be read; everything else goes on without them."""
        return readable_campaigns(self.context.repository)[1]

    def member(self, member_id: str) -> Mapping[str, object]:
        """Return a member's contact and choices."""
        with self.context.ledger.read() as connection:
            return {**contact_of(connection, member_id), **choices_of(connection, member_id)}

    def decisions_for_member(self, member_id: str, language: Language) -> list[dict[str, Any]]:
        """Return the decisions about a member in all runs, newest first, with their offers and reasons in a language.

        There are no reasons in a partner's message, nor any once the member's purchases may not be used.
        """
        with self.context.ledger.read() as connection:
            contact_of(connection, member_id)
            names_purchases = allows_purchase_detail(connection, member_id)
            rows = decisions.list_for_member(connection, member_id)
        return [_with_offers(row, language, names_purchases=names_purchases) for row in rows]

    def previous_plan(self, run: Run) -> Run | None:
        """Return the campaign's last plan before a run."""
        with self.context.ledger.read() as connection:
            return runs.latest_planned(connection, run.campaign, run.number or 0)

    def latest_plan(self, campaign: str) -> Run | None:
        """Return the campaign's last plan."""
        with self.context.ledger.read() as connection:
            return runs.latest_planned(connection, campaign)

    def duplicate_send_warning(self, run: Run) -> Problem | None:
        """Return a warning if a plan sends to members who were sent the campaign on the same day."""
        zone = self.context.settings.zone
        day = local_day(run.due_at, zone)
        with self.context.ledger.read() as connection:
            started = runs.started_between(
                connection, run.campaign, midnight(day, zone), midnight(day + timedelta(days=1), zone)
            )
            overlapping = {
                other.number or 0: other.run_id
                for other in started
                if other.number != run.number
                and decisions.count_members_in_both_runs(connection, run.number or 0, [other.number or 0])
            }
            members = decisions.count_members_in_both_runs(connection, run.number or 0, list(overlapping))
        if not members:
            return None
        run_ids = ", ".join(overlapping.values())
        message = f"{members} of its sends are to members who were sent {run.campaign} on {day} already: {run_ids}"
        hint = f"`not: {{received: {{campaign: {run.campaign}, within: 1 day}}}}` in the audience leaves them out"
        return Problem(FilePosition(run.run_id), message, "again_today", hint)

    def plan_warnings(self, run: Run) -> list[Problem]:
        """Return what a reader of the plan ought to know before it is sent."""
        campaign, offers = self.run_definitions.definition(run)
        with self.context.ledger.read() as connection:
            return [
                *count_warnings(connection, run),
                *offer_warnings(run, campaign, offers),
                *overlap_warnings(connection, run, self.context.settings.zone),
            ]

    def recent_runs(self) -> list[Run]:
        """Return the newest runs, newest first."""
        with self.context.ledger.read() as connection:
            return runs.list_recent(connection)

    def outcomes(self, run: Run) -> OutcomeCounts:
        """Return the outcomes of a run's sends so far."""
        with self.context.ledger.read() as connection:
            return decisions.outcome_counts(connection, run.number or 0)

    def run(self, run_id: str) -> Run:
        """Return the run with this id; raise UserError if there is none."""
        with self.context.ledger.read() as connection:
            return runs.get(connection, run_id)

    def snapshot(self, members: tuple[str, ...] = ()) -> LedgerSnapshot:
        """Return the ledger's state for a plan made now; of the listed members only, if any are listed."""
        ledger = self.context.ledger
        return LedgerSnapshot(
            take_snapshot(ledger, members),
            contact_history.sent_messages(ledger, members),
            contact_history.clicks(ledger),
        )

    @property
    def aggregate_cache(self) -> AggregateCache:
        """Cache of aggregates over purchases."""
        return AggregateCache(self.context.workspace.warehouse / AGGREGATES_FOLDER)

    def rule_engine(self, as_of: datetime) -> RuleEngine | None:
        """Return the engine that evaluates rules instead of DuckDB, if the settings name one."""
        chosen = self.context.settings.warehouse
        if chosen.engine == "duckdb":
            return None
        try:
            from audiences.warehouse.spark import open_spark
        except ModuleNotFoundError as error:
            message, hint = "`warehouse.engine: spark` needs the package pyspark", "pip install 'viesti[spark]'"
            raise UserError.about(str(self.context.workspace.settings), message, "no_spark", hint) from error
        return open_spark(self.context.repository.warehouse, as_of, chosen.master)


def _with_offers(row: Mapping[str, Any], language: Language, *, names_purchases: bool) -> dict[str, Any]:
    """Return a decision with its offers in words, in place of their numbers and of all names of the run's offers."""
    evidence = dict(row["evidence"] or {})
    names = evidence.pop("offer_names", {})
    chosen = parse_chosen_offers(row["offers"], (row["counts"] or {}).get("offer_ids", ()))
    if row["partner"] is not None or not names_purchases:
        chosen = tuple(replace(offer, reason=None) for offer in chosen)
    offers = [asdict(offer) for offer in explain_offers(chosen, names, language, Reader.RECEIVER)]
    columns = {name: value for name, value in row.items() if name not in ("counts", "partner")}
    return {**columns, "evidence": evidence, "offers": offers}
