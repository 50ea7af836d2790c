"""Clock: the only module that reads the time, so that a workspace can run on another day."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import sleep
from zoneinfo import ZoneInfo

from campaigns.core.private_files import make_private_folder, write_private


def _system_time() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - this module is the clock


@dataclass(frozen=True, slots=True)
class Clock:
    """Clock of aware UTC instants; `shift` moves a whole workspace to another day."""

    shift: timedelta = timedelta()
    read: Callable[[], datetime] = _system_time

    @classmethod
    def starting_at(cls, start: datetime | None, read: Callable[[], datetime] = _system_time) -> "Clock":
        """Return a clock that shows `start` (aware) now and runs on from there; None: the real time."""
        return cls(timedelta() if start is None else start.astimezone(UTC) - read(), read)

    @classmethod
    def from_anchor_file(cls, start: datetime | None, anchor: Path) -> "Clock":
        """Return a clock that showed `start` on first use and has run on since, shared by all processes.

        The file `anchor` stores the shift; another `start` resets it. None: the real time.
        """
        if start is None:
            return cls()
        try:
            state = json.loads(anchor.read_text("ascii"))
        except (FileNotFoundError, ValueError):
            state = {}
        if state.get("start") != start.isoformat():
            state = {"start": start.isoformat(), "shift": cls.starting_at(start).shift.total_seconds()}
            make_private_folder(anchor.parent)
            write_private(anchor, json.dumps(state).encode())
        return cls(timedelta(seconds=state["shift"]))

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        return self.read() + self.shift

    def sleep_until(self, instant: datetime) -> None:
        """Wait for `instant`: at least 50 ms and at most a minute at a time."""
        sleep(min(max((instant - self.now()).total_seconds(), 0.05), 60))


def wall_instant(wall: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the instant in UTC of a naive wall time in `zone`, the first of two; None: clocks go forward over it."""
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    return instant if instant.astimezone(zone).replace(tzinfo=None) == wall else None


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which `day` begins in `zone`, in UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day of `instant` (aware) in `zone`."""
    return instant.astimezone(zone).date()


def to_warehouse_time(instant: datetime) -> datetime:
    """Return an aware instant in the form of the warehouse: UTC without a zone.

    Raise ValueError for a naive datetime: its zone is unknown.
    """
    if instant.tzinfo is None:
        raise ValueError("a datetime without a zone was refused")
    return instant.astimezone(UTC).replace(tzinfo=None)


def from_warehouse_time(value: datetime) -> datetime:
    """Return the aware instant of a warehouse value."""
    return value.replace(tzinfo=UTC)
