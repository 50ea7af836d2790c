"""The engine of one workspace: the only place that constructs things. Parts are made when they are first asked for."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from audiences import holdout_versions
from audiences.imports.importing import import_file
from audiences.imports.report import ImportReport, Progress
from audiences.people import choices_of, contact_of
from audiences.snapshot import snapshot
from campaigns.channels.courier import Courier, FolderCourier
from campaigns.channels.registry import Providers, Surroundings, chosen_providers
from campaigns.clock import Clock
from campaigns.dispatch.context import Contexts
from campaigns.dispatch.job import Job
from campaigns.dispatch.preview import Planned, write_preview
from campaigns.dispatch.send import Dispatch, Sent
from campaigns.dispatch.start import start, why_not
from campaigns.dispatch.workshop import Workshop
from campaigns.errors import AuthorError
from campaigns.keys import signer
from campaigns.ledger import Ledger
from campaigns.loading.offers_table import read_offers, write_offers
from campaigns.loading.workspace import Workspace
from campaigns.planning import history
from campaigns.planning.bench import Bench, Elsewhere
from campaigns.planning.briefing import Draft, brief
from campaigns.planning.calendar import Occasion, occasions
from campaigns.planning.counting import Count, Question, count
from campaigns.planning.evidence import evidence
from campaigns.planning.explaining import Explanation, explain
from campaigns.planning.keep import keep
from campaigns.planning.library import Library
from campaigns.planning.plan import Plan, Snapshot, plan
from campaigns.planning.run_files import FrozenFields, RunFiles
from campaigns.planning.tally import Tally
from campaigns.rules.scope import Scope
from campaigns.spec.words import Channel, Language
from campaigns.store import audit, decisions, publications, runs, schema
from campaigns.store.address import ledger_address
from campaigns.store.decisions import Outcomes
from campaigns.store.tables import Run
from campaigns.store.words import RunState
from campaigns.tokens import Signer

Told = Callable[[int], None]
T = TypeVar("T")


@dataclass(frozen=True)
class Engine:
    """Everything that a command, a page or the scheduler asks for, over one workspace.

    `actor` is who the audit log says did it.
    """

    workspace: Workspace
    actor: str

    @cached_property
    def library(self) -> Library:
        """What the workspace's files say."""
        return Library(self.workspace)

    @cached_property
    def clock(self) -> Clock:
        """The workspace's clock."""
        return Clock.anchored(self.library.settings.clock_start, self.workspace.data / "clock.json")

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, its tables made when it is new."""
        ledger = self.unprepared_ledger()
        schema.prepare(ledger)
        return ledger

    def unprepared_ledger(self) -> Ledger:
        """The ledger as it is, where the environment or the settings say it is, else in a file of the workspace."""
        workspace = self.workspace
        file = workspace.ledger
        file.parent.mkdir(parents=True, exist_ok=True)
        return Ledger(ledger_address(os.environ, self.library.settings.database_url, workspace.settings, file))

    @cached_property
    def signer(self) -> Signer:
        """The signer of links and of opaque names."""
        return signer(os.environ, self.workspace.data / "signing.key")

    @cached_property
    def providers(self) -> Providers:
        """Who delivers each channel."""
        return chosen_providers(Surroundings(self.workspace.root, self.library.settings))

    @cached_property
    def courier(self) -> Courier:
        """Who carries one-time codes: so far only into the outbox."""
        return FolderCourier(self.workspace.outbox, self.library.settings.channels.email.address)

    def snapshot(self) -> Snapshot:
        """The ledger as a plan sees it now."""
        return Snapshot(snapshot(self.ledger), history.heard(self.ledger), history.clicks())

    def plan(self, draft: Draft, as_of: datetime, told: Told, *, scheduled: bool = False) -> tuple[Run, Tally]:
        """Decide one occasion of a campaign and keep the plan; AuthorError when the occasion has been sent.

        `told` hears how many decisions were stored. A crash leaves a run in `planning`: plan again.
        """
        now = self.clock.now()
        file = str(draft.file.resolve())
        with self.ledger.write() as connection:
            run = runs.open_run(connection, draft.campaign, file, as_of, now, scheduled=scheduled)
            holdout_versions.adopt(connection, self.library.settings.holdout, now)
        files = self.run_files(run)
        files.keep(draft.parts())
        with self.decided(draft, as_of) as made:
            reasons = evidence(made.brief, draft.titles)
            keep(made, run, reasons, self.ledger, files, now, self.actor, told)
        with self.ledger.read() as connection:
            return runs.get(connection, run.run_id), made.tally

    @contextmanager
    def decided(self, draft: Draft, as_of: datetime, members: tuple[str, ...] = ()) -> Iterator[Plan]:
        """The decisions of one occasion, kept nowhere; of the listed members only, where some are listed."""
        library = self.library
        with self.ledger.read() as connection:
            salt = holdout_versions.salt(connection)
        made_from = brief(draft, as_of, library.catalogue, library.settings, library.offers, salt, members)
        with closing(library.warehouse.connect(as_of)) as connection:
            yield plan(Bench(connection, self._elsewhere(as_of)), made_from, self.snapshot())

    def start(self, run: Run) -> None:
        """Let a planned run send; one that was started is left as it is.

        AuthorError when its files are not what was planned any more, when it was planned over a day ago, when it needs
        an approval, or when the campaign allows fewer sends.
        """
        if run.state != RunState.PLANNED:
            return
        now = self.clock.now()
        campaign, _ = self.library.planned(self.run_files(run).definition, run.campaign)
        draft, _ = self.library.draft(run.file)
        objection = why_not(run, campaign, draft.definition(), now)
        if objection is not None:
            raise AuthorError([objection])
        with self.ledger.write() as connection:
            if start(connection, run, campaign, now):
                audit.note(connection, now, self.actor, "send", run.run_id)

    def send(self, run_id: str, told: Told) -> Sent:
        """Send what may go now of a run that was started; killed at any moment, call it again."""
        run = self.run(run_id)
        if run.state != RunState.SENDING:
            return Sent(closed=run.state == RunState.CLOSED)
        files = self.run_files(run)
        campaign, offers = self.library.planned(files.definition, run.campaign)
        job = Job(run, campaign, self.library.settings, self.signer, files)
        try:
            fields = FrozenFields(files.fields)
        except FileNotFoundError:
            if self.run(run_id).state == RunState.SENDING:
                raise
            return Sent(closed=True)  # by another process, at this very moment
        with closing(fields):
            workshop = Workshop(job, fields, offers, self.clock)
            return Dispatch(self.ledger, self.providers, self.clock).send(job, workshop, told)

    def run(self, run_id: str) -> Run:
        """The run of a name; AuthorError when there is none."""
        with self.ledger.read() as connection:
            return runs.get(connection, run_id)

    def run_files(self, run: Run) -> RunFiles:
        """The folder of a run's files."""
        return RunFiles(self.workspace.runs / run.run_id)

    def approve(self, run_id: str) -> None:
        """Approve a plan; AuthorError when it is not a plan any more, or was made by the same account (A-19)."""
        run = self.run(run_id)
        with self.ledger.write() as connection:
            if not runs.approve(connection, run.number or 0, self.actor):
                message = f"{self.actor} cannot approve it: it is {run.state}, and was planned by {run.planned_by}"
                raise AuthorError.about(run_id, message, "cannot_approve", "another account approves what is planned")
            audit.note(connection, self.clock.now(), self.actor, "approve", run_id, {"definition": run.definition})

    def previous(self, run: Run) -> Run | None:
        """The campaign's last plan before a run."""
        with self.ledger.read() as connection:
            return runs.latest_planned(connection, run.campaign, run.number or 0)

    def explain(self, draft: Draft, member_id: str, as_of: datetime, language: Language) -> Explanation:
        """Why one member would get a campaign's message, or none."""
        with self.ledger.read() as connection:
            contact_of(connection, member_id)
        with self.decided(draft, as_of, (member_id,)) as made:
            return explain(made, member_id, draft.titles, language)

    def calendar(self, days: int) -> list[Occasion]:
        """What is due in the days to come, published or not."""
        now = self.clock.now()
        with self.ledger.read() as connection:
            published = frozenset(each.campaign for each in publications.published(connection))
        campaigns = [self.library.draft(file.stem)[0].campaign for file in self.workspace.campaign_files()]
        return occasions(campaigns, published, now, now + timedelta(days=days))

    def outcomes(self, run: Run) -> Outcomes:
        """What became of a run's sends so far."""
        number = run.number or 0
        with self.ledger.read() as connection:
            return decisions.outcomes(connection, number)

    def recent_runs(self) -> list[Run]:
        """The newest runs, newest first."""
        with self.ledger.read() as connection:
            return runs.recent(connection)

    def hand(self, action: Callable[[Ledger, Run, datetime, str], T], run_id: str) -> T:
        """Pause, resume or cancel a run (see `dispatch.control`); a cancelled one forgets what it has frozen."""
        run = self.run(run_id)
        done = action(self.ledger, run, self.clock.now(), self.actor)
        if self.run(run_id).state == RunState.CANCELLED:
            self.run_files(run).close()
        return done

    def publish(self, draft: Draft) -> datetime | None:
        """Let the scheduler run this definition of a campaign; returns when it is due next, if ever."""
        now = self.clock.now()
        definition = draft.definition()
        with self.ledger.write() as connection:
            due = publications.publish(connection, draft.campaign, definition, now, self.actor)
            audit.note(connection, now, self.actor, "publish", draft.campaign.name, {"definition": definition})
        return due

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
        return write_preview(planned, draft.campaign, job.settings, contexts, draft.root, target, self.clock.now())

    def member(self, member_id: str) -> Mapping[str, object]:
        """A member's contact and choices."""
        with self.ledger.read() as connection:
            return {**contact_of(connection, member_id), **choices_of(connection, member_id)}

    def decisions_about(self, member_id: str) -> list[dict[str, Any]]:
        """What was decided about a member in every run, newest first."""
        with self.ledger.read() as connection:
            contact_of(connection, member_id)
            return decisions.of_member(connection, member_id)

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

    def count(self, question: Question) -> Count:
        """How many members an audience takes."""
        library, as_of = self.library, question.scope.as_of
        with closing(library.warehouse.connect(as_of)) as connection:
            bench = Bench(connection, self._elsewhere(as_of))
            return count(bench, question, self.snapshot(), library.settings.default_language)

    def _elsewhere(self, as_of: datetime) -> Elsewhere | None:
        """The engine that evaluates rules in DuckDB's place, where the settings name one."""
        chosen = self.library.settings.warehouse
        if chosen.engine == "duckdb":
            return None
        try:
            from audiences.spark_warehouse import open_spark
        except ModuleNotFoundError as error:
            message, hint = "`warehouse.engine: spark` needs the package pyspark", "pip install 'viesti[spark]'"
            raise AuthorError.about(str(self.workspace.settings), message, "no_spark", hint) from error
        return open_spark(self.library.warehouse, as_of, chosen.master)

    def import_file(self, kind: str, file: Path, told: Progress) -> ImportReport:
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
            progress=told,
        )

    def import_offers(self, file: Path) -> ImportReport:
        """Make the workspace's offers file out of a price feed; a row that is no offer is set aside with its reason."""
        library = self.library
        found = read_offers(file, library.catalogue)
        unchanged = len(set(found.offers) & set(library.offers))
        write_offers(found.offers, self.workspace.offers, library.catalogue)
        rejects = self.workspace.data / "rejects" / f"offers-{file.stem}.csv"
        rejected = found.read - len(found.offers)
        listed = rejects if found.write_rejects(rejects) else None
        return ImportReport(found.read, len(found.offers) - unchanged, unchanged, rejected, 0, listed)

    def close(self) -> None:
        """Give the ledger back."""
        if "ledger" in self.__dict__:
            self.ledger.close()
