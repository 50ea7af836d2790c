"""Dispatcher for workers on any machine, through Procrastinate's tables in the ledger's schema.

The only module that imports Procrastinate.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any, Final

import procrastinate
import procrastinate.schema
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, ProcrastinateException
from procrastinate.jobs import Status
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from campaigns.core.clock import Clock
from campaigns.core.errors import UserError
from campaigns.core.locked_cached_property import LockedCachedProperty
from campaigns.runs.dispatch.dispatcher import POLL_INTERVAL, RunTracker, SendCallback, runs_under_way
from campaigns.store.ledger.connection import Ledger
from campaigns.store.ledger.postgresql import conninfo

_LOG: Final = logging.getLogger("viesti")
_TASK: Final = "viesti.send"
_QUEUE: Final = "viesti"
_CONCURRENCY: Final = 32
_BASELINE_MIGRATION: Final = "03.04.00_50_post_add_retry_failed_job_procedure.sql"
"""Last migration of tables without a recorded one: no earlier version of Procrastinate was ever required."""
_STUCK_AFTER: Final = 15.0
"""Seconds after which a job that no worker takes is logged."""

_POOL_OPTIONS: Final[Mapping[str, Any]] = {"min_size": 1, "max_size": 4, "timeout": 10.0, "reconnect_timeout": 10.0}


@dataclass(frozen=True, slots=True)
class HeartbeatSettings:
    """Heartbeat of a worker in seconds: its interval, and the silence after which the worker loses its jobs."""

    interval: float = 5.0
    timeout: float = 20.0


@dataclass
class ProcrastinateDispatcher:
    """Dispatcher over a Procrastinate queue; a job only says that a run is under way, and its worker reads the ledger.

    At most one job of a run waits in the queue. When a worker takes it, the next one may be queued, so that another
    worker joins in.
    """

    ledger: Ledger
    clock: Clock
    heartbeat: HeartbeatSettings = field(default_factory=HeartbeatSettings)
    tracker: RunTracker = field(init=False)
    _waiting: dict[str, tuple[int | None, float]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        logging.getLogger("procrastinate").setLevel(logging.CRITICAL)  # jobs are only hints
        self.tracker = RunTracker(self.clock)
        create_tables(self.ledger)

    def submit(self, run_id: str) -> None:
        """Queue a job for a run, unless one is waiting."""
        jobs = self._submitting.job_manager
        waiting = list(jobs.list_jobs(task=_TASK, status=Status.TODO.value, queueing_lock=run_id))
        if not waiting:
            with suppress(AlreadyEnqueued):
                _job(self._submitting, run_id).defer(run_id=run_id)
        elif self._is_stuck(run_id, waiting[0].id):
            _LOG.error("%s waits to be sent, and no worker takes it: is there a `viesti worker`?", run_id)

    def _is_stuck(self, run_id: str, job: int | None) -> bool:
        """Return whether the same job of a run has been waiting for too long; True only once for each job."""
        seen, since = self._waiting.get(run_id, (None, 0.0))
        if seen != job:
            self._waiting[run_id] = job, monotonic()
            return False
        if monotonic() - since < _STUCK_AFTER:
            return False
        self._waiting[run_id] = job, float("inf")
        return True

    async def work(self, send: SendCallback, stopping: Event) -> None:
        """Take jobs until `stopping` is set; reconnect after a loss of the database."""
        while not stopping.is_set():
            try:
                await self._take_jobs(send, stopping)
            except (ProcrastinateException, DBAPIError, OSError) as error:
                _LOG.error("the queue does not answer: %s", type(error).__name__)
            await _sleep(stopping)

    def close(self) -> None:
        """Close the connections opened for submitting."""
        if "_submitting" in vars(self):
            self._submitting.close()

    async def _take_jobs(self, send: SendCallback, stopping: Event) -> None:
        app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=self._conninfo, **_POOL_OPTIONS))

        @app.task(name=_TASK, queue=_QUEUE)
        async def _send_run(run_id: str) -> None:
            if self.tracker.may_start(run_id):
                await self.tracker.send_run(send, run_id)

        async with app.open_async():
            polling = asyncio.create_task(self._poll_forever(app, stopping))
            worker = asyncio.create_task(
                app.run_worker_async(
                    queues=[_QUEUE],
                    concurrency=_CONCURRENCY,
                    install_signal_handlers=False,
                    delete_jobs="always",
                    fetch_job_polling_interval=POLL_INTERVAL,
                    update_heartbeat_interval=self.heartbeat.interval,
                    stalled_worker_timeout=self.heartbeat.timeout,
                )
            )
            try:
                await asyncio.wait((polling, worker), return_when=asyncio.FIRST_COMPLETED)
            finally:
                await _cancel(polling, worker)

    async def _poll_forever(self, app: procrastinate.App, stopping: Event) -> None:
        while not stopping.is_set():
            try:
                await self._poll(app)
            except (ProcrastinateException, DBAPIError) as error:
                _LOG.error("the ledger does not answer: %s", type(error).__name__)
            await _sleep(stopping)

    async def _poll(self, app: procrastinate.App) -> None:
        """Remove the jobs of dead workers and queue again runs whose submission was lost."""
        jobs = app.job_manager
        for job in await jobs.get_stalled_jobs(task_name=_TASK, seconds_since_heartbeat=self.heartbeat.timeout):
            with suppress(ConnectorException):  # another worker was faster
                await jobs.finish_job_by_id_async(job.id or 0, Status.FAILED, delete_job=True)
        waiting = {job.queueing_lock for job in await jobs.list_jobs_async(task=_TASK, status=Status.TODO.value)}
        for run_id in await asyncio.to_thread(runs_under_way, self.ledger, self.clock.now()):
            if run_id not in waiting and self.tracker.is_due(run_id):
                with suppress(AlreadyEnqueued):
                    await _job(app, run_id).defer_async(run_id=run_id)

    @property
    def _conninfo(self) -> str:
        return conninfo(self.ledger.engine)

    @LockedCachedProperty
    def _submitting(self) -> procrastinate.App:
        """Return the app for submitting jobs; its connections stay open."""
        app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=self._conninfo, **_POOL_OPTIONS))
        app.open()
        return app


def create_tables(ledger: Ledger) -> None:
    """Create Procrastinate's tables if there are none; safe when several processes start at once.

    Raise UserError if the existing tables belong to an earlier version of Procrastinate.
    """
    with ledger.write() as connection:
        if connection.exec_driver_sql("SELECT to_regclass('procrastinate_jobs')").scalar_one() is None:
            _execute_script(connection, procrastinate.schema.SchemaManager.get_schema())
            _record_migration(connection, _migrations()[-1].name)
        missing = missing_migrations(connection)
    if missing:
        message = f"the queue's tables lack {len(missing)} changes of the installed Procrastinate"
        raise UserError.about("ledger", message, "old_queue", "make a backup, then `viesti db upgrade`")


def missing_migrations(connection: Connection) -> list[Path]:
    """Return the migrations that the queue's tables lack; none if there are no tables."""
    if connection.exec_driver_sql("SELECT to_regclass('procrastinate_jobs')").scalar_one() is None:
        return []
    comment = connection.exec_driver_sql("SELECT obj_description('procrastinate_jobs'::regclass, 'pg_class')")
    last = comment.scalar_one() or _BASELINE_MIGRATION
    return [migration for migration in _migrations() if migration.name > last]


def migrate(ledger: Ledger) -> None:
    """Migrate the queue's tables to the installed Procrastinate, one migration at a time; repeat it after a crash."""
    while True:
        with ledger.write() as connection:
            missing = missing_migrations(connection)
            if not missing:
                return
            _execute_script(connection, missing[0].read_text("utf-8"))
            _record_migration(connection, missing[0].name)


def _migrations() -> list[Path]:
    """Return Procrastinate's own migrations in order; their names begin with its version."""
    return sorted(Path(procrastinate.schema.SchemaManager.get_migrations_path()).glob("*.sql"))


def _execute_script(connection: Connection, statements: str) -> None:
    connection.connection.cursor().execute(statements)


def _record_migration(connection: Connection, migration: str) -> None:
    """Record the last migration as a comment on the table: Procrastinate itself does not record it."""
    connection.exec_driver_sql(f"COMMENT ON TABLE procrastinate_jobs IS '{migration}'")


def _job(app: procrastinate.App, run_id: str) -> Any:
    return app.configure_task(_TASK, queue=_QUEUE, queueing_lock=run_id)


async def _cancel(*tasks: "asyncio.Task[None]") -> None:
    """Cancel tasks and wait for them; raise the first exception among them."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


async def _sleep(stopping: Event) -> None:
    await asyncio.to_thread(stopping.wait, POLL_INTERVAL)
