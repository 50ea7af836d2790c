"""Scheduler: each second, claim due occasions, plan and start them, and send the runs under way."""

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from subprocess import CalledProcessError
from threading import Event
from typing import Final

from campaigns.channels.outcome import ChannelMisconfiguredError
from campaigns.core.child_process import run_in_child_process
from campaigns.core.errors import UserError
from campaigns.core.logging_setup import LogOnce
from campaigns.core.model.enums import BUNDLED_CHANNELS
from campaigns.operations.worker import Worker
from campaigns.people import sign_up_import
from campaigns.results.feedback.circuit_breaker import CircuitBreaker
from campaigns.results.feedback.returned_mail import read_new_mail
from campaigns.runs.dispatch.lifecycle import CurrentDefinition, claim_due_run, mark_missed, start_time
from campaigns.runs.dispatch.periodic_jobs import start_ticker
from campaigns.runs.engine import Engine
from campaigns.runs.planning.plan_warnings import count_warnings
from campaigns.runs.planning.shared_run_files import delete_ended_fields, require_same_key
from campaigns.store.people import audit_seals
from campaigns.store.runs import publications, runs
from campaigns.store.runs.run_tables import Publication, Run
from campaigns.store.runs.states import RunState
from campaigns.workspace.campaign_definition import CampaignDefinition
from campaigns.workspace.file_watcher import FileWatcher
from campaigns.workspace.paths import Workspace
from campaigns.workspace.workspace_check import shared_file_faults

_LOG: Final = logging.getLogger("viesti")


PlanCallback = Callable[[Engine, CampaignDefinition, datetime], None]
"""Plans an occasion that is due."""


def plan_in_process(engine: Engine, definition: CampaignDefinition, due_at: datetime) -> None:
    """Plan in this process, with its engine; log what a reader of the plan would be warned of."""
    run, _ = engine.planner.plan(definition, due_at, _ignore_progress, scheduled=True)
    with engine.context.ledger.read() as connection:
        for warning in count_warnings(connection, run):
            _LOG.warning("%s", warning)


def plan_in_child_process(engine: Engine, definition: CampaignDefinition, due_at: datetime) -> None:
    """Plan in a child process: millions of decisions take gigabytes, which a sending process would keep.

    Raise UserError also if the child process was killed; the run is planned again when its lease is over.
    """
    try:
        run_in_child_process(_plan_in_new_engine, engine.context.workspace, engine.context.actor, definition, due_at)
    except CalledProcessError as error:
        message, hint = f"the planning process has ended: {error}", "is there enough memory? it will be tried again"
        raise UserError.about(definition.campaign.name, message, "not_planned", hint) from error


@dataclass(frozen=True)
class Scheduler:
    """Scheduler of one process; several processes may share one ledger.

    An error in one campaign is logged for its author and delays no other campaign.
    """

    engine: Engine
    stopping: Event = field(default_factory=Event)
    plan: PlanCallback = plan_in_process
    _error_log: LogOnce = field(default_factory=lambda: LogOnce(_LOG), init=False, repr=False)
    _file_watcher: FileWatcher = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_file_watcher", FileWatcher(self.engine.context.workspace))

    def plan_due(self) -> None:
        """Claim due occasions; plan and start claimed runs, also those of dead processes."""
        now = self.engine.context.clock.now()
        audit_seals.seal_if_due(self.engine.context.ledger, self.engine.context.signer, now)
        with self.engine.context.ledger.read() as connection:
            due_publications = publications.list_due(connection, now)
        if self._file_watcher.has_changed() or due_publications:
            self._log_errors("the workspace's files", self._reload_files)
        for publication in due_publications:
            self._log_errors(publication.campaign, partial(self._claim_due_run, publication))
        with self.engine.context.ledger.read() as connection:
            late_runs = runs.list_overdue(connection, now)
            planned_runs = [run for run in runs.with_state(connection, RunState.PLANNED) if run.scheduled]
            planning_runs = [run for run in runs.with_state(connection, RunState.PLANNING) if run.scheduled]
        for run in late_runs:
            self._mark_missed(run, now)
        missed_run_ids = {run.run_id for run in late_runs}
        for run in planning_runs:
            if _is_lease_over(run, now) and run.run_id not in missed_run_ids:
                self._log_errors(run.run_id, partial(self._plan, run))
        jitter = self.engine.context.repository.settings.dispatch.jitter
        for run in planned_runs:
            if run.run_id not in missed_run_ids and start_time(run, jitter) <= now:
                self._log_errors(run.run_id, partial(self.engine.run_control.start, run))

    def send(self) -> None:
        """Send what may go now of all runs under way, and clean up after dead processes.

        If workers on other machines send messages, the runs are submitted to them, and only bundles are handed over
        here: they are files of this machine.
        """
        worker = self._worker
        if self.engine.context.has_workers:
            worker.submit_runs()
            delete_ended_fields(self.engine.context.ledger)
            worker = replace(worker, channels=BUNDLED_CHANNELS)
        worker.send_all()

    def send_notices(self) -> None:
        """Send waiting codes and confirmations; a run under way does not delay them."""
        self._log_errors("notices", self.engine.notice_sender.send_waiting)

    def import_sign_ups(self) -> None:
        """Import newsletter sign-ups as members."""
        self._log_errors("sign-ups", partial(sign_up_import.import_sign_ups, self.engine.context))

    def read_mail(self) -> None:
        """Read returned mail and run the circuit breaker; sending does not delay it."""
        self._log_errors("mail", partial(read_new_mail, self.engine.context))
        self._breaker.pause_campaigns()

    @cached_property
    def _worker(self) -> Worker:
        return Worker(self.engine, self.stopping)

    @cached_property
    def _breaker(self) -> CircuitBreaker:
        return CircuitBreaker(self.engine.context)

    def _reload_files(self) -> None:
        """Read the workspace's files again; raise UserError with faults of files that stop only what uses them."""
        context = self.engine.context
        context.reload_files()
        if faults := shared_file_faults(context.repository):
            raise UserError(faults)

    def _claim_due_run(self, publication: Publication) -> None:
        definition, current_definition = self._current_definition(publication.campaign)
        with self.engine.context.ledger.write() as connection:
            occasion = claim_due_run(connection, publication, current_definition, self.engine.context.clock.now())
        if occasion is None:
            return
        if definition is None or occasion.missed is not None:
            _LOG.warning("%s due at %s was not run: %s", publication.campaign, occasion.due_at, occasion.missed)
        else:
            self.plan(self.engine, definition, occasion.due_at)

    def _current_definition(self, campaign: str) -> tuple[CampaignDefinition | None, CurrentDefinition | None]:
        """Return the campaign's current definition; log an invalid file and return None."""
        try:
            definition, _ = self.engine.context.repository.campaign_definition(campaign)
            return definition, CurrentDefinition(
                definition.campaign, definition.definition_hash(), str(definition.file.resolve())
            )
        except UserError as error:
            _LOG.error("%s: %s", campaign, error)
            return None, None

    def _plan(self, run: Run) -> None:
        self.plan(self.engine, self.engine.run_control.current_definition(run), run.due_at)

    def _mark_missed(self, run: Run, now: datetime) -> None:
        with self.engine.context.ledger.write() as connection:
            is_missed = mark_missed(connection, run, now)
        if is_missed:
            self.engine.run_definitions.files(run).delete_fields()
            _LOG.warning("%s was not started in time", run.run_id)

    def _log_errors(self, subject: str, work: Callable[[], object]) -> None:
        """Do some work and log errors that the campaign's author has to fix."""
        try:
            work()
        except (UserError, ChannelMisconfiguredError) as error:
            self._error_log.error(subject, error)
        else:
            self._error_log.ok(subject)


def run_worker(worker: Worker) -> None:
    """Run as `viesti worker` does: send messages, and notices beside them, until SIGINT or SIGTERM.

    Raise UserError if this machine's signing key is not the ledger's: it could not send what others have planned, and
    its codes would be different.
    """
    engine = worker.engine
    if engine.context.has_workers:
        require_same_key(engine.context.ledger, engine.context.signer)
    scheduler = start_ticker(Scheduler(engine, worker.stopping).send_notices)
    try:
        worker.run_until_signalled()
    finally:
        scheduler.shutdown(wait=True)


def _is_lease_over(run: Run, now: datetime) -> bool:
    return run.lease_until is None or run.lease_until <= now


def _plan_in_new_engine(workspace: Workspace, actor: str, definition: CampaignDefinition, due_at: datetime) -> None:
    with closing(Engine.open(workspace, actor)) as engine:
        plan_in_process(engine, definition, due_at)


def _ignore_progress(_step: int) -> None:
    """Ignore progress."""
