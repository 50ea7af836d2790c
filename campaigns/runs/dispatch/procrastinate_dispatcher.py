"""Runs brought to workers on any machine through Procrastinate's tables in the ledger's schema; its one place."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
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
from campaigns.core.errors import AuthorError
from campaigns.runs.dispatch.dispatcher import LOOK, Send, Turns, under_way
from campaigns.store.ledger.connection import Ledger
from campaigns.store.ledger.postgresql import conninfo

_LOG: Final = logging.getLogger("viesti")
_TASK: Final = "viesti.send"
_QUEUE: Final = "viesti"
_AT_ONCE: Final = 32
_UNNOTED: Final = "03.04.00_50_post_add_retry_failed_job_procedure.sql"
"""The last change of tables beside which none is written down: no earlier Procrastinate was ever asked for."""
_PATIENCE: Final = 15.0
"""Seconds after which a job that nobody takes is worth a word in the log."""

_POOL: Final[Mapping[str, Any]] = {"min_size": 1, "max_size": 4, "timeout": 10.0, "reconnect_timeout": 10.0}


@dataclass(frozen=True, slots=True)
class Heart:
    """How often a worker says that it is there, and after how long a silence its jobs are taken from it; seconds."""

    beat: float = 5.0
    silence: float = 20.0


@dataclass
class Queued:
    """A job says that a run is under way, and no more: whoever takes it looks into the ledger.

    At most one job a run waits in the queue. Who takes it leaves room for the next, so that another worker joins in.
    """

    ledger: Ledger
    clock: Clock
    heart: Heart = field(default_factory=Heart)
    turns: Turns = field(init=False)
    _waiting: dict[str, tuple[int | None, float]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        logging.getLogger("procrastinate").setLevel(logging.CRITICAL)  # jobs are hints; what matters is logged here
        self.turns = Turns(self.clock)
        prepare(self.ledger)

    def submit(self, run_id: str) -> None:
        """Put a job into the queue, unless one waits there."""
        jobs = self._submitting.job_manager
        waiting = list(jobs.list_jobs(task=_TASK, status=Status.TODO.value, queueing_lock=run_id))
        if not waiting:
            with suppress(AlreadyEnqueued):
                _job(self._submitting, run_id).defer(run_id=run_id)
        elif self._is_left_lying(run_id, waiting[0].id):
            _LOG.error("%s waits to be sent, and nobody takes it up: is there a `viesti worker`?", run_id)

    def _is_left_lying(self, run_id: str, job: int | None) -> bool:
        """Whether the job that waits for a run is the same for too long; said once a job."""
        seen, since = self._waiting.get(run_id, (None, 0.0))
        if seen != job:
            self._waiting[run_id] = job, monotonic()
            return False
        if monotonic() - since < _PATIENCE:
            return False
        self._waiting[run_id] = job, float("inf")
        return True

    async def work(self, send: Send, stopping: Event) -> None:
        """Take jobs until `stopping` is set; when the database goes away, begin again as soon as it is back."""
        while not stopping.is_set():
            try:
                await self._take_jobs(send, stopping)
            except (ProcrastinateException, DBAPIError, OSError) as error:
                _LOG.error("the queue does not answer: %s", type(error).__name__)
            await _nap(stopping)

    def close(self) -> None:
        """Give back the connections that submitting has opened."""
        if "_submitting" in vars(self):
            self._submitting.close()

    async def _take_jobs(self, send: Send, stopping: Event) -> None:
        app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=self._address, **_POOL))

        @app.task(name=_TASK, queue=_QUEUE)
        async def _turn(run_id: str) -> None:
            if self.turns.may_begin(run_id):
                await self.turns.take(send, run_id)

        async with app.open_async():
            looking = asyncio.create_task(self._keep_looking(app, stopping))
            worker = asyncio.create_task(
                app.run_worker_async(
                    queues=[_QUEUE],
                    concurrency=_AT_ONCE,
                    install_signal_handlers=False,
                    delete_jobs="always",
                    fetch_job_polling_interval=LOOK,
                    update_heartbeat_interval=self.heart.beat,
                    stalled_worker_timeout=self.heart.silence,
                )
            )
            try:
                await asyncio.wait((looking, worker), return_when=asyncio.FIRST_COMPLETED)
            finally:
                await _end(looking, worker)

    async def _keep_looking(self, app: procrastinate.App, stopping: Event) -> None:
        while not stopping.is_set():
            try:
                await self._look(app)
            except (ProcrastinateException, DBAPIError) as error:
                _LOG.error("the ledger does not answer: %s", type(error).__name__)
            await _nap(stopping)

    async def _look(self, app: procrastinate.App) -> None:
        """Make good what was lost: the jobs of workers that went silent, and submissions."""
        jobs = app.job_manager
        for job in await jobs.get_stalled_jobs(task_name=_TASK, seconds_since_heartbeat=self.heart.silence):
            with suppress(ConnectorException):  # another worker was faster
                await jobs.finish_job_by_id_async(job.id or 0, Status.FAILED, delete_job=True)
        waiting = {job.queueing_lock for job in await jobs.list_jobs_async(task=_TASK, status=Status.TODO.value)}
        for run_id in await asyncio.to_thread(under_way, self.ledger, self.clock.now()):
            if run_id not in waiting and self.turns.is_due(run_id):
                with suppress(AlreadyEnqueued):
                    await _job(app, run_id).defer_async(run_id=run_id)

    @property
    def _address(self) -> str:
        return conninfo(self.ledger.engine)

    @cached_property
    def _submitting(self) -> procrastinate.App:
        """The connections by which jobs are submitted, kept open."""
        app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=self._address, **_POOL))
        app.open()
        return app


def prepare(ledger: Ledger) -> None:
    """Make Procrastinate's tables where there are none, once however many processes come up.

    AuthorError when those that there are belong to an earlier version of it.
    """
    with ledger.write() as connection:
        if connection.exec_driver_sql("SELECT to_regclass('procrastinate_jobs')").scalar_one() is None:
            _run(connection, procrastinate.schema.SchemaManager.get_schema())
            _note(connection, _migrations()[-1].name)
        missing = unmigrated(connection)
    if missing:
        message = f"the queue's tables lack {len(missing)} changes of the installed Procrastinate"
        raise AuthorError.about("ledger", message, "old_queue", "make a backup, then `viesti db upgrade`")


def unmigrated(connection: Connection) -> list[Path]:
    """The changes that the queue's tables lack; none where there are no tables."""
    if connection.exec_driver_sql("SELECT to_regclass('procrastinate_jobs')").scalar_one() is None:
        return []
    noted = connection.exec_driver_sql("SELECT obj_description('procrastinate_jobs'::regclass, 'pg_class')")
    last = noted.scalar_one() or _UNNOTED
    return [migration for migration in _migrations() if migration.name > last]


def migrate(ledger: Ledger) -> None:
    """Bring the queue's tables to the installed Procrastinate, a change at a time: killed halfway, call it again."""
    while True:
        with ledger.write() as connection:
            missing = unmigrated(connection)
            if not missing:
                return
            _run(connection, missing[0].read_text("utf-8"))
            _note(connection, missing[0].name)


def _migrations() -> list[Path]:
    """Procrastinate's own changes in their order; their names begin with its version."""
    return sorted(Path(procrastinate.schema.SchemaManager.get_migrations_path()).glob("*.sql"))


def _run(connection: Connection, statements: str) -> None:
    connection.connection.cursor().execute(statements)


def _note(connection: Connection, migration: str) -> None:
    """Write down with the tables which change was their last: Procrastinate itself does not."""
    connection.exec_driver_sql(f"COMMENT ON TABLE procrastinate_jobs IS '{migration}'")


def _job(app: procrastinate.App, run_id: str) -> Any:
    return app.configure_task(_TASK, queue=_QUEUE, queueing_lock=run_id)


async def _end(*tasks: "asyncio.Task[None]") -> None:
    """Ask tasks to end, and wait for them; raises what one of them raised."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


async def _nap(stopping: Event) -> None:
    await asyncio.to_thread(stopping.wait, LOOK)
