"""Time at which a rule is evaluated (as_of), and the days around it in the campaign's time zone."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.core.clock import local_day, midnight, to_warehouse_time
from campaigns.core.model.condition import TimeWindow


@dataclass(frozen=True, slots=True)
class EvaluationTime:
    """Evaluation time of a rule: `as_of` (aware), seen from `zone`.

    Instants are returned as the warehouse stores them: naive UTC.
    """

    as_of: datetime
    zone: ZoneInfo

    @property
    def instant(self) -> datetime:
        """Instant of as_of; events from then on do not exist for a rule."""
        return to_warehouse_time(self.as_of)

    @property
    def day(self) -> date:
        """Calendar day of as_of: today."""
        return local_day(self.as_of, self.zone)

    def resolve_day(self, bound: date | timedelta) -> date:
        """Return a date unchanged, or the day that lies a span of days before today."""
        return self.day - bound if isinstance(bound, timedelta) else bound

    def start(self, day: date) -> datetime:
        """Return the instant at which `day` begins."""
        return to_warehouse_time(midnight(day, self.zone))

    def bounds(self, window: TimeWindow, retention: timedelta | None = None) -> tuple[datetime | None, datetime]:
        """Return the first instant of a window (None: no limit) and the first instant after it.

        A window without a beginning starts at the end of `retention`: rows past retention are not read.
        """
        first = window.first if window.within is None else self.day - window.within
        if first is None and retention is not None:
            first = self.day - retention
        lower = None if first is None else self.start(first)
        if window.last is None:
            return lower, self.instant
        return lower, min(self.start(window.last + timedelta(days=1)), self.instant)
