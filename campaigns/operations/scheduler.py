"""What the server does by itself, every second: take up what is due, plan it, start it, send what is under way."""

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from subprocess import CalledProcessError
from threading import Event
from typing import Final

from campaigns.channels.outcome import ChannelMisconfigured
from campaigns.core.child_process import apart
from campaigns.core.errors import AuthorError
from campaigns.core.logging_setup import Once
from campaigns.core.model.enums import BUNDLED
from campaigns.operations.worker import Outgoing
from campaigns.people import sign_up_import
from campaigns.results.feedback.circuit_breaker import Breaker
from campaigns.results.feedback.returned_mail import read_new_mail
from campaigns.runs.dispatch.lifecycle import Present, begins, give_up, take_up
from campaigns.runs.dispatch.ticker import waking
from campaigns.runs.engine import Engine
from campaigns.runs.planning.shared_run_files import agree_on_key, forget_ended
from campaigns.store.people import audit_seals
from campaigns.store.runs import publications, runs
from campaigns.store.runs.run_tables import Publication, Run
from campaigns.store.runs.states import RunState
from campaigns.workspace.campaign_definition import Draft
from campaigns.workspace.file_watcher import Watch
from campaigns.workspace.paths import Workspace

_LOG: Final = logging.getLogger("viesti")


Plan = Callable[[Engine, Draft, datetime], None]
"""Plans what has become due."""


def plan_here(engine: Engine, draft: Draft, due_at: datetime) -> None:
    """Plan in this process, with its engine."""
    engine.plan(draft, due_at, _nobody, scheduled=True)


def plan_apart(engine: Engine, draft: Draft, due_at: datetime) -> None:
    """Plan in a process of its own: gigabytes are taken for millions of decisions, and who sends would keep them.

    AuthorError also when that process was killed; the run is planned again when its lease is over.
    """
    try:
        apart(_plan_in, engine.workspace, engine.actor, draft, due_at)
    except CalledProcessError as error:
        message, hint = f"who planned it has ended: {error}", "is there memory enough? it will be tried again"
        raise AuthorError.about(draft.campaign.name, message, "not_planned", hint) from error


@dataclass(frozen=True)
class Rounds:
    """The rounds of one process; several processes may make them over one ledger.

    What one campaign's author has to put right is logged and holds up no other.
    """

    engine: Engine
    stopping: Event = field(default_factory=Event)
    plan: Plan = plan_here
    _troubles: Once = field(default_factory=lambda: Once(_LOG), init=False, repr=False)
    _watch: Watch = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_watch", Watch(self.engine.workspace))

    def schedule(self) -> None:
        """Take up due occasions; plan and start those that were taken up, here or by a process that went silent."""
        now = self.engine.clock.now()
        audit_seals.seal_gathered(self.engine.ledger, self.engine.signer, now)
        with self.engine.ledger.read() as connection:
            due = publications.due(connection, now)
        if self._watch.has_changed() or due:
            self._guarded("the workspace's files", self.engine.reread)
        for publication in due:
            self._guarded(publication.campaign, partial(self._take_up, publication))
        with self.engine.ledger.read() as connection:
            late = runs.late(connection, now)
            planned = [run for run in runs.in_state(connection, RunState.PLANNED) if run.scheduled]
            planning = [run for run in runs.in_state(connection, RunState.PLANNING) if run.scheduled]
        for run in late:
            self._give_up(run, now)
        given_up = {run.run_id for run in late}
        for run in planning:
            if _silent(run, now) and run.run_id not in given_up:
                self._guarded(run.run_id, partial(self._plan, run))
        jitter = self.engine.library.settings.dispatch.jitter
        for run in planned:
            if run.run_id not in given_up and begins(run, jitter) <= now:
                self._guarded(run.run_id, partial(self.engine.start, run))

    def dispatch(self) -> None:
        """Send what may go of every run under way, and look after what others left.

        Where workers on other machines send messages, they are told, and only bundles are handed over here: they are
        files of this machine.
        """
        outgoing = self._outgoing
        if self.engine.has_workers:
            outgoing.submit()
            forget_ended(self.engine.ledger)
            outgoing = replace(outgoing, channels=BUNDLED)
        outgoing.round()

    def carry(self) -> None:
        """Carry the codes and confirmations that wait; a run under way does not hold them up."""
        self._guarded("notes", self.engine.courier.carry)

    def admit(self) -> None:
        """Bring in those who have signed up."""
        self._guarded("sign-ups", partial(sign_up_import.admit, self.engine))

    def listen(self) -> None:
        """Read the mail that came back, and halt the campaigns that have to be; nothing that is sent holds it up."""
        self._guarded("mail", partial(read_new_mail, self.engine))
        self._breaker.look()

    @cached_property
    def _outgoing(self) -> Outgoing:
        return Outgoing(self.engine, self.stopping)

    @cached_property
    def _breaker(self) -> Breaker:
        return Breaker(self.engine)

    def _take_up(self, publication: Publication) -> None:
        draft, present = self._as_it_stands(publication.campaign)
        with self.engine.ledger.write() as connection:
            occasion = take_up(connection, publication, present, self.engine.clock.now())
        if occasion is None:
            return
        if draft is None or occasion.missed is not None:
            _LOG.warning("%s due at %s was not run: %s", publication.campaign, occasion.due_at, occasion.missed)
        else:
            self.plan(self.engine, draft, occasion.due_at)

    def _as_it_stands(self, campaign: str) -> tuple[Draft | None, Present | None]:
        """The campaign's file; nothing when there is something wrong with it, which is logged."""
        try:
            draft, _ = self.engine.library.draft(campaign)
            return draft, Present(draft.campaign, draft.definition(), str(draft.file.resolve()))
        except AuthorError as error:
            _LOG.error("%s: %s", campaign, error)
            return None, None

    def _plan(self, run: Run) -> None:
        self.plan(self.engine, self.engine.draft_of(run), run.due_at)

    def _give_up(self, run: Run, now: datetime) -> None:
        with self.engine.ledger.write() as connection:
            missed = give_up(connection, run, now)
        if missed:
            self.engine.run_files(run).close()
            _LOG.warning("%s was not started in time", run.run_id)

    def _guarded(self, subject: str, work: Callable[[], object]) -> None:
        """Do some work; what its author has to put right is logged."""
        try:
            work()
        except (AuthorError, ChannelMisconfigured) as error:
            self._troubles.wrong(subject, error)
        else:
            self._troubles.well(subject)


def work(outgoing: Outgoing) -> None:
    """Work as `viesti worker` does: send, and carry notes beside it, until SIGINT or SIGTERM.

    AuthorError when this machine could not send what others have planned: its codes would be others, too.
    """
    engine = outgoing.engine
    if engine.has_workers:
        agree_on_key(engine.ledger, engine.signer)
    scheduler = waking(Rounds(engine, outgoing.stopping).carry)
    try:
        outgoing.until_told()
    finally:
        scheduler.shutdown(wait=True)


def _silent(run: Run, now: datetime) -> bool:
    return run.lease_until is None or run.lease_until <= now


def _plan_in(workspace: Workspace, actor: str, draft: Draft, due_at: datetime) -> None:
    with closing(Engine(workspace, actor)) as engine:
        plan_here(engine, draft, due_at)


def _nobody(_step: int) -> None:
    """Hears progress where nobody watches."""
