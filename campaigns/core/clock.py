"""The one clock: the only module that reads the time, so that a workspace can live on another day."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import sleep
from zoneinfo import ZoneInfo


def _system_time() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - this module is the clock


@dataclass(frozen=True, slots=True)
class Clock:
    """Tells aware UTC instants; `shift` moves a whole workspace to another day."""

    shift: timedelta = timedelta()
    read: Callable[[], datetime] = _system_time

    @classmethod
    def starting_at(cls, start: datetime | None, read: Callable[[], datetime] = _system_time) -> "Clock":
        """A clock that shows `start` (aware) at this moment and goes on from there; None: the real time."""
        return cls(timedelta() if start is None else start.astimezone(UTC) - read(), read)

    @classmethod
    def anchored(cls, start: datetime | None, anchor: Path) -> "Clock":
        """A clock that showed `start` when it was first asked for, and has gone on since, in whatever process.

        The file `anchor` keeps the shift; another `start` begins anew. None: the real time.
        """
        if start is None:
            return cls()
        try:
            kept = json.loads(anchor.read_text("ascii"))
        except (FileNotFoundError, ValueError):
            kept = {}
        if kept.get("start") != start.isoformat():
            kept = {"start": start.isoformat(), "shift": cls.starting_at(start).shift.total_seconds()}
            anchor.parent.mkdir(parents=True, exist_ok=True)
            anchor.write_text(json.dumps(kept), "ascii")
        return cls(timedelta(seconds=kept["shift"]))

    def now(self) -> datetime:
        """The present instant in UTC."""
        return self.read() + self.shift

    def sleep_until(self, instant: datetime) -> None:
        """Wait for `instant`, at least a moment and at most a minute at a time."""
        sleep(min(max((instant - self.now()).total_seconds(), 0.05), 60))


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
