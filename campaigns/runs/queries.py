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
from campaigns.core.errors import AuthorError, Place, Problem
from campaigns.core.model.enums import Channel, Language
from campaigns.rules.scope import Scope
from campaigns.runs.composing.preview import Planned, write_preview
from campaigns.runs.composing.run_context import Job
from campaigns.runs.composing.template_context import Contexts
from campaigns.runs.container import Parts
from campaigns.runs.planning.audience_count import Count, Question, count
from campaigns.runs.planning.calendar import Occasion, occasions
from campaigns.runs.planning.data_freshness import OF_PURCHASES, data_end, nobody
from campaigns.runs.planning.explain import Explanation, explain
from campaigns.runs.planning.plan import Plan, plan
from campaigns.runs.planning.plan_input import brief
from campaigns.runs.planning.query_session import Bench
from campaigns.runs.planning.run_files import RunFiles
from campaigns.store.runs import decisions, publications, runs
from campaigns.store.runs.decisions import Outcomes
from campaigns.store.runs.run_tables import Run
from campaigns.store.runs.states import RunState
from campaigns.workspace.campaign_definition import Draft


@dataclass(frozen=True)
class Asking(Parts):
    """Counts, explanations, previews, and how things stand."""

    @contextmanager
    def decided(self, draft: Draft, as_of: datetime, members: tuple[str, ...] = ()) -> Iterator[Plan]:
        """The decisions of one occasion, kept nowhere; of the listed members only, where some are listed."""
        library = self.library
        with self.ledger.read() as connection:
            salt = holdout_versions.salt(connection)
        made_from = brief(draft, as_of, library, salt, members)
        warehouse = library.warehouse
        with closing(warehouse.about(members, as_of) if members else warehouse.connect(as_of)) as connection:
            kept = None if members else self.kept_totals
            yield plan(Bench(connection, self.elsewhere(as_of), kept), made_from, self.snapshot(members))

    def explain(self, draft: Draft, member_id: str, as_of: datetime, language: Language) -> Explanation:
        """Why one member would get a campaign's message, or none."""
        with self.ledger.read() as connection:
            contact_of(connection, member_id)
        with self.decided(draft, as_of, (member_id,)) as made:
            return explain(made, member_id, draft.titles, language)

    def preview(self, draft: Draft, member_id: str, as_of: datetime) -> Path:
        """Write what one member would get of a campaign, and return the file; AuthorError when it is nothing."""
        with self.ledger.read() as connection:
            contact = contact_of(connection, member_id)
        with self.decided(draft, as_of, (member_id,)) as made:
            decided = made.bench.dicts(made.rows())
            fields = made.bench.dicts(made.fields())
        if not fields:
            why = (
                decided[0]["reason"] if decided else "the audience does not take them, or the rule is unknown for them"
            )
            raise AuthorError.about(member_id, f"this member would get nothing: {why}", "nothing_to_preview")
        decision = decided[0]
        planned = Planned(decision["variant"], Channel(decision["channel"]), decision["arm"], contact)
        run = Run(
            run_id="preview",
            number=0,
            campaign=draft.campaign.name,
            purpose=draft.campaign.purpose,
            due_at=as_of,
            scheduled=False,
            state=RunState.PLANNED,
        )
        job = Job(run, draft.campaign, self.library.settings, self.signer, self.run_files(run))
        offers = {offer.id: offer for offer in self.library.offers}
        target = self.workspace.data / "previews" / f"{draft.campaign.name}-{member_id}"
        contexts = Contexts(job, lambda _: fields[0], offers)
        return write_preview(planned, draft, job.settings, contexts, target, self.clock.now())

    def question(self, audience: str, as_of: datetime) -> Question:
        """An audience, by name or file, asked at a moment."""
        library = self.library
        asked, known = library.audience(audience)
        scope = Scope(
            as_of=as_of,
            zone=library.settings.zone,
            catalogue=library.catalogue,
            audiences={name: each.match for name, each in known.items()},
            salt=asked.name,
        )
        titles = {name: each.title for name, each in known.items()}
        return Question(asked, scope, titles, library.settings.currency)

    def count(self, question: Question, language: Language) -> Count:
        """How many members an audience takes, its conditions said in a language."""
        library, as_of = self.library, question.scope.as_of
        with closing(library.warehouse.connect(as_of)) as connection:
            bench = Bench(connection, self.elsewhere(as_of), self.kept_totals)
            return count(bench, question, self.snapshot(), language)

    def data_end(self, asked: str, as_of: datetime, classes: Iterable[str]) -> Problem | None:
        """A warning where rules over these classes of data ask for what has not come: members, or later purchases."""
        with self.ledger.read() as connection:
            if not contacts.anybody(connection):
                return nobody(asked)
        if OF_PURCHASES.isdisjoint(classes):
            return None
        return data_end(asked, as_of, self.library.warehouse.newest(), self.library.settings.zone)

    def calendar(self, days: int) -> list[Occasion]:
        """What is due in the days to come, published or not."""
        now = self.clock.now()
        with self.ledger.read() as connection:
            published = frozenset(each.campaign for each in publications.published(connection))
        campaigns = [self.library.draft(file.stem)[0].campaign for file in self.workspace.campaign_files()]
        return occasions(campaigns, published, now, now + timedelta(days=days))

    def member(self, member_id: str) -> Mapping[str, object]:
        """A member's contact and choices."""
        with self.ledger.read() as connection:
            return {**contact_of(connection, member_id), **choices_of(connection, member_id)}

    def decisions_about(self, member_id: str) -> list[dict[str, Any]]:
        """What was decided about a member in every run, newest first."""
        with self.ledger.read() as connection:
            contact_of(connection, member_id)
            return decisions.of_member(connection, member_id)

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
            begun = runs.begun_between(connection, run.campaign, *span)
            others = {
                each.number: each.run_id
                for each in begun
                if each.number != run.number and decisions.also_in(connection, run.number or 0, [each.number or 0])
            }
            number = decisions.also_in(connection, run.number or 0, [each or 0 for each in others])
        if not number:
            return None
        before = ", ".join(others.values())
        message = f"{number} of its sends are to members who were sent {run.campaign} on {day} already: {before}"
        hint = f"`not: {{received: {{campaign: {run.campaign}, within: 1 day}}}}` in the audience leaves them out"
        return Problem(Place(run.run_id), message, "again_today", hint)

    def recent_runs(self) -> list[Run]:
        """The newest runs, newest first."""
        with self.ledger.read() as connection:
            return runs.recent(connection)

    def outcomes(self, run: Run) -> Outcomes:
        """What became of a run's sends so far."""
        number = run.number or 0
        with self.ledger.read() as connection:
            return decisions.outcomes(connection, number)

    def run(self, run_id: str) -> Run:
        """The run of a name; AuthorError when there is none."""
        with self.ledger.read() as connection:
            return runs.get(connection, run_id)

    def run_files(self, run: Run) -> RunFiles:
        """The folder of a run's files."""
        return RunFiles(self.workspace.runs / run.run_id)
