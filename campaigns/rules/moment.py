"""The moment a rule is asked for, and the days around it in the campaign's time zone."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.clock import local_day, midnight, stored
from campaigns.spec.condition import Window


@dataclass(frozen=True, slots=True)
class Moment:
    """`as_of` (aware) seen from `zone`; every instant is given as the warehouse stores it, naive UTC."""

    as_of: datetime
    zone: ZoneInfo

    @property
    def instant(self) -> datetime:
        """As_of itself; what happens from then on does not exist for a rule."""
        return stored(self.as_of)

    @property
    def day(self) -> date:
        """The calendar day of as_of: today."""
        return local_day(self.as_of, self.zone)

    def day_of(self, bound: date | timedelta) -> date:
        """A date itself, or the day that lies a span of days before today."""
        return self.day - bound if isinstance(bound, timedelta) else bound

    def start(self, day: date) -> datetime:
        """The instant at which `day` begins."""
        return stored(midnight(day, self.zone))

    def bounds(self, window: Window, retention: timedelta | None = None) -> tuple[datetime | None, datetime]:
        """The first instant of a window (None: no limit) and the first one after it.

        A window without a beginning begins where `retention` ends: what should be gone is not read.
        """
        first = window.first if window.within is None else self.day - window.within
        if first is None and retention is not None:
            first = self.day - retention
        lower = None if first is None else self.start(first)
        if window.last is None:
            return lower, self.instant
        return lower, min(self.start(window.last + timedelta(days=1)), self.instant)
