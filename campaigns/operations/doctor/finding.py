"""What one check found: well, doubtful or wrong, and what to do next."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How it stands. A warning is what works and may not for long, or what could not be looked at."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what it looked at, how that stands, why, and the next step where there is one."""

    check: str
    level: Level
    said: str
    step: str = ""


def ok(check: str, said: str) -> Finding:
    """All is well."""
    return Finding(check, Level.OK, said)


def warn(check: str, said: str, step: str) -> Finding:
    """It goes for now, or could not be looked at."""
    return Finding(check, Level.WARN, said, step)


def fail(check: str, said: str, step: str) -> Finding:
    """It does not work, or must not be like this."""
    return Finding(check, Level.FAIL, said, step)
