"""The one clock: the only module that reads the time, so that a workspace can live on another day."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def _system_time() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - this module is the clock


@dataclass(frozen=True, slots=True)
class Clock:
    """Tells aware UTC instants; `shift` moves a whole workspace to another day."""

    shift: timedelta = timedelta()
    read: Callable[[], datetime] = _system_time

    @classmethod
    def starting_at(cls, start: datetime | None) -> "Clock":
        """A clock that shows `start` (aware) at this moment and goes on from there; None: the real time."""
        if start is None:
            return cls()
        return cls(start.astimezone(UTC) - _system_time())

    def now(self) -> datetime:
        """The present instant in UTC."""
        return self.read() + self.shift


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which `day` begins in `zone`, in UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar day that `instant` (aware) falls on in `zone`."""
    return instant.astimezone(zone).date()


def stored(instant: datetime) -> datetime:
    """An aware instant as the warehouse keeps it: UTC without a zone.

    Raises ValueError for a naive datetime: whoever made it has to say where it was.
    """
    if instant.tzinfo is None:
        raise ValueError("a datetime without a zone was refused")
    return instant.astimezone(UTC).replace(tzinfo=None)


def instant_of(value: datetime) -> datetime:
    """The aware instant of a value as the warehouse keeps it."""
    return value.replace(tzinfo=UTC)
