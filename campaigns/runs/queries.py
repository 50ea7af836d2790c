"""Questions asked of a workspace; none of them changes anything but a preview's file."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from audiences.people import contacts, holdout_versions
from audiences.people.contacts import choices_of, contact_of
from campaigns.core.clock import local_day, midnight
from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.model.enums import Channel, Language
from campaigns.rules.scope import RuleScope
from campaigns.runs.composing.preview import PreviewDecision, write_preview
from campaigns.runs.composing.run_context import RunContext
from campaigns.runs.composing.template_context import TemplateContexts
from campaigns.runs.container import Parts
from campaigns.runs.planning.audience_count import AudienceCount, CountQuery, count_audience
from campaigns.runs.planning.calendar import CalendarEntry, calendar_entries
from campaigns.runs.planning.data_freshness import PURCHASE_CLASSES, no_members_warning, stale_data_warning
from campaigns.runs.planning.explain import Explanation, explain
from campaigns.runs.planning.plan import Plan, make_plan
from campaigns.runs.planning.plan_input import build_plan_input
from campaigns.runs.planning.query_session import QuerySession
from campaigns.runs.planning.run_files import RunFiles
from campaigns.store.runs import decisions, publications, runs
from campaigns.store.runs.decisions import OutcomeCounts
from campaigns.store.runs.run_tables import Run
from campaigns.store.runs.states import RunState
from campaigns.workspace.campaign_definition import CampaignDefinition


@dataclass(frozen=True)
class Asking(Parts):
    """Counts, explanations, previews, and how things stand."""

    @contextmanager
    def decided(self, draft: CampaignDefinition, as_of: datetime, members: tuple[str, ...] = ()) -> Iterator[Plan]:
        """The decisions of one occasion, kept nowhere; of the listed members only, where some are listed."""
        library = self.library
        with self.ledger.read() as connection:
            salt = holdout_versions.current_salt(connection)
        made_from = build_plan_input(draft, as_of, library, salt, members)
        warehouse = library.warehouse
        with closing(
            warehouse.connect_for_members(members, as_of) if members else warehouse.connect(as_of)
        ) as connection:
            kept = None if members else self.kept_totals
            yield make_plan(QuerySession(connection, self.elsewhere(as_of), kept), made_from, self.snapshot(members))

    def explain(self, draft: CampaignDefinition, member_id: str, as_of: datetime, language: Language) -> Explanation:
        """Why one member would get a campaign's message, or none."""
        with self.ledger.read() as connection:
            contact_of(connection, member_id)
        with self.decided(draft, as_of, (member_id,)) as made:
            return explain(made, member_id, draft.titles, language)

    def preview(self, draft: CampaignDefinition, member_id: str, as_of: datetime) -> Path:
        """Write what one member would get of a campaign, and return the file; AuthorError when it is nothing."""
        with self.ledger.read() as connection:
            contact = contact_of(connection, member_id)
        with self.decided(draft, as_of, (member_id,)) as made:
            decided = made.session.fetch_dicts(made.ordered_decisions())
            fields = made.session.fetch_dicts(made.field_rows())
        if not fields:
            why = (
                decided[0]["reason"] if decided else "the audience does not take them, or the rule is unknown for them"
            )
            raise UserError.about(member_id, f"this member would get nothing: {why}", "nothing_to_preview")
        decision = decided[0]
        planned = PreviewDecision(decision["variant"], Channel(decision["channel"]), decision["arm"], contact)
        run = Run(
            run_id="preview",
            number=0,
            campaign=draft.campaign.name,
            purpose=draft.campaign.purpose,
            due_at=as_of,
            scheduled=False,
            state=RunState.PLANNED,
        )
        job = RunContext(run, draft.campaign, self.library.settings, self.signer, self.run_files(run))
        offers = {offer.id: offer for offer in self.library.offers}
        target = self.workspace.data / "previews" / f"{draft.campaign.name}-{member_id}"
        contexts = TemplateContexts(job, lambda _: fields[0], offers)
        return write_preview(planned, draft, job.settings, contexts, target, self.clock.now())

    def question(self, audience: str, as_of: datetime) -> CountQuery:
        """An audience, by name or file, asked at a moment."""
        library = self.library
        asked, known = library.audience(audience)
        scope = RuleScope(
            as_of=as_of,
            zone=library.settings.zone,
            catalogue=library.catalogue,
            audiences={name: each.match for name, each in known.items()},
            salt=asked.name,
        )
        titles = {name: each.title for name, each in known.items()}
        return CountQuery(asked, scope, titles, library.settings.currency)

    def count(self, question: CountQuery, language: Language) -> AudienceCount:
        """How many members an audience takes, its conditions said in a language."""
        library, as_of = self.library, question.scope.as_of
        with closing(library.warehouse.connect(as_of)) as connection:
            bench = QuerySession(connection, self.elsewhere(as_of), self.kept_totals)
            return count_audience(bench, question, self.snapshot(), language)

    def data_end(self, asked: str, as_of: datetime, classes: Iterable[str]) -> Problem | None:
        """A warning where rules over these classes of data ask for what has not come: members, or later purchases."""
        with self.ledger.read() as connection:
            if not contacts.has_members(connection):
                return no_members_warning(asked)
        if PURCHASE_CLASSES.isdisjoint(classes):
            return None
        return stale_data_warning(asked, as_of, self.library.warehouse.newest_receipt_at(), self.library.settings.zone)

    def calendar(self, days: int) -> list[CalendarEntry]:
        """What is due in the days to come, published or not."""
        now = self.clock.now()
        with self.ledger.read() as connection:
            published = frozenset(each.campaign for each in publications.list_all(connection))
        campaigns = [
            self.library.campaign_definition(file.stem)[0].campaign for file in self.workspace.campaign_files()
        ]
        return calendar_entries(campaigns, published, now, now + timedelta(days=days))

    def member(self, member_id: str) -> Mapping[str, object]:
        """A member's contact and choices."""
        with self.ledger.read() as connection:
            return {**contact_of(connection, member_id), **choices_of(connection, member_id)}

    def decisions_about(self, member_id: str) -> list[dict[str, Any]]:
        """What was decided about a member in every run, newest first."""
        with self.ledger.read() as connection:
            contact_of(connection, member_id)
            return decisions.list_for_member(connection, member_id)

    def previous(self, run: Run) -> Run | None:
        """The campaign's last plan before a run."""
        with self.ledger.read() as connection:
            return runs.latest_planned(connection, run.campaign, run.number or 0)

    def again_today(self, run: Run) -> Problem | None:
        """Who would get a campaign from a plan that it has been sent to on the same day; None: nobody."""
        zone = self.library.settings.zone
        day = local_day(run.due_at, zone)
        span = midnight(day, zone), midnight(day + timedelta(days=1), zone)
        with self.ledger.read() as connection:
            begun = runs.started_between(connection, run.campaign, *span)
            others = {
                each.number: each.run_id
                for each in begun
                if each.number != run.number
                and decisions.count_members_in_both_runs(connection, run.number or 0, [each.number or 0])
            }
            number = decisions.count_members_in_both_runs(connection, run.number or 0, [each or 0 for each in others])
        if not number:
            return None
        before = ", ".join(others.values())
        message = f"{number} of its sends are to members who were sent {run.campaign} on {day} already: {before}"
        hint = f"`not: {{received: {{campaign: {run.campaign}, within: 1 day}}}}` in the audience leaves them out"
        return Problem(FilePosition(run.run_id), message, "again_today", hint)

    def recent_runs(self) -> list[Run]:
        """The newest runs, newest first."""
        with self.ledger.read() as connection:
            return runs.list_recent(connection)

    def outcomes(self, run: Run) -> OutcomeCounts:
        """What became of a run's sends so far."""
        number = run.number or 0
        with self.ledger.read() as connection:
            return decisions.outcome_counts(connection, number)

    def run(self, run_id: str) -> Run:
        """The run of a name; AuthorError when there is none."""
        with self.ledger.read() as connection:
            return runs.get(connection, run_id)

    def run_files(self, run: Run) -> RunFiles:
        """The folder of a run's files."""
        return RunFiles(self.workspace.runs / run.run_id)
