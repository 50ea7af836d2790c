"""Nightly jobs of the server: purge data past its retention, reconcile runs, and log disagreements."""

import logging
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from threading import Event
from typing import Final

from campaigns.core.clock import local_day
from campaigns.core.errors import UserError
from campaigns.people.privacy.erasure import apply_retention
from campaigns.store.admin import job_locks
from campaigns.store.runs.reconciliation import reconcile_recent_runs
from campaigns.workspace.context import Context

_LOG: Final = logging.getLogger("viesti")
_NAME: Final = "retention"
_START: Final = time(3, 17)  # workspace time: nothing is sent at this hour, and nothing else starts at such a minute
_NIGHT_SPAN: Final = timedelta(hours=3)
_LEASE: Final = timedelta(hours=6)
_RETRY_AFTER: Final = timedelta(minutes=10)
_MAX_MISSED: Final = timedelta(days=2)


@dataclass(frozen=True)
class NightlyJobs:
    """Nightly jobs of one process; of several processes on one ledger, one does them each night.

    A machine that sleeps at night does them by day once they were missed for two nights.
    """

    context: Context
    stop_event: Event = field(default_factory=Event)

    def run_if_due(self) -> None:
        """Run the jobs if they are due; an obstacle is logged, and they are tried again later."""
        now = self.context.clock.now()
        occasion = self._last_occasion(now)
        if not self._claim(occasion, now):
            return
        try:
            evidence = apply_retention(self.context, self.stop_event)
        except UserError as error:
            _LOG.warning("retention: postponed: %s", error)
            with self.context.ledger.write() as connection:
                job_locks.postpone(connection, _NAME, occasion, self.context.clock.now() + _RETRY_AFTER)
            return
        with self.context.ledger.write() as connection:
            job_locks.complete(connection, _NAME, occasion, self.context.clock.now())
        _LOG.info("retention: %s", ", ".join(f"{purged.removed} {purged.table}" for purged in evidence))
        self._reconcile()

    def _reconcile(self) -> None:
        """Log the runs of the last days whose plan, deliveries and provider events do not agree (OP-04)."""
        checked, alarms_by_run = reconcile_recent_runs(self.context.ledger, self.context.clock.now())
        for run_id, alarms in alarms_by_run.items():
            for alarm in alarms:
                _LOG.error("%s: needs attention: %s", run_id, alarm)
        _LOG.info("reconciled: %d runs, %d of them do not agree", checked, len(alarms_by_run))

    def _claim(self, occasion: datetime, now: datetime) -> bool:
        """Claim the occasion if it is due; return False when it is not, or another process has it."""
        with self.context.ledger.read() as connection:
            last = job_locks.last_claim(connection, _NAME)
        by_night = now - occasion < _NIGHT_SPAN
        if last is not None and not by_night and occasion - last.occasion < _MAX_MISSED:
            return False
        with self.context.ledger.write() as connection:
            if last is None and not by_night:
                job_locks.start_schedule(connection, _NAME, occasion, now)
                return False
            return job_locks.claim(connection, _NAME, occasion, now, now + _LEASE)

    def _last_occasion(self, now: datetime) -> datetime:
        """Return the last time at which the jobs were due, in UTC."""
        zone = self.context.repository.settings.zone
        today = datetime.combine(local_day(now, zone), _START, zone)
        latest = today if today <= now else datetime.combine(local_day(now, zone) - timedelta(days=1), _START, zone)
        return latest.astimezone(now.tzinfo)
