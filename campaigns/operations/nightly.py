"""What the server does once a night: forget what is past its retention, reconcile, and say what does not agree."""

import logging
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from threading import Event
from typing import Final

from campaigns.core.clock import local_day
from campaigns.core.errors import AuthorError
from campaigns.people.privacy.erasure import retain
from campaigns.runs.engine import Engine
from campaigns.store.admin import job_locks
from campaigns.store.runs.reconciliation import disagreements

_LOG: Final = logging.getLogger("viesti")
_NAME: Final = "retention"
_AT: Final = time(3, 17)  # by the workspace's clock: nobody is written to, and nothing else begins at such a minute
_NIGHT: Final = timedelta(hours=3)
_LONGEST: Final = timedelta(hours=6)
_AGAIN: Final = timedelta(minutes=10)
_MISSED: Final = timedelta(days=2)


@dataclass(frozen=True)
class Nightly:
    """The nightly work of one process; of several over one ledger each night one does it.

    A machine that sleeps at night does it by day, when it was missed for two nights.
    """

    engine: Engine
    stopping: Event = field(default_factory=Event)

    def look(self) -> None:
        """Do it when it is due; what hinders it is logged, and it is tried again."""
        now = self.engine.clock.now()
        occasion = self._last_night(now)
        if not self._taken(occasion, now):
            return
        try:
            evidence = retain(self.engine, self.stopping)
        except AuthorError as error:
            _LOG.warning("retention: put off: %s", error)
            with self.engine.ledger.write() as connection:
                job_locks.put_off(connection, _NAME, occasion, self.engine.clock.now() + _AGAIN)
            return
        with self.engine.ledger.write() as connection:
            job_locks.end(connection, _NAME, occasion, self.engine.clock.now())
        _LOG.info("retention: %s", ", ".join(f"{each.removed} {each.table}" for each in evidence))
        self._reconcile()

    def _reconcile(self) -> None:
        """Say which runs of the last days do not agree with themselves or with what providers told (OP-04)."""
        asked, found = disagreements(self.engine.ledger, self.engine.clock.now())
        for run_id, alarms in found.items():
            for alarm in alarms:
                _LOG.error("%s: look at this: %s", run_id, alarm)
        _LOG.info("reconciled: %d runs, %d of them do not agree", asked, len(found))

    def _taken(self, occasion: datetime, now: datetime) -> bool:
        """Whether it is due, and nobody else's."""
        with self.engine.ledger.read() as connection:
            last = job_locks.last(connection, _NAME)
        by_night = now - occasion < _NIGHT
        if last is not None and not by_night and occasion - last.occasion < _MISSED:
            return False
        with self.engine.ledger.write() as connection:
            if last is None and not by_night:
                job_locks.begin(connection, _NAME, occasion, now)
                return False
            return job_locks.take(connection, _NAME, occasion, now, now + _LONGEST)

    def _last_night(self, now: datetime) -> datetime:
        """The last moment at which it was to be done, in UTC."""
        zone = self.engine.library.settings.zone
        today = datetime.combine(local_day(now, zone), _AT, zone)
        latest = today if today <= now else datetime.combine(local_day(now, zone) - timedelta(days=1), _AT, zone)
        return latest.astimezone(now.tzinfo)
