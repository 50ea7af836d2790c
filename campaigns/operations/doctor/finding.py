"""Finding of one check: ok, warn or fail, with a next step."""

from dataclasses import dataclass
from enum import StrEnum


class FindingLevel(StrEnum):
    """Level of a finding. A warning works for now, or could not be checked."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """Finding of one check: its level, the reason, and the next step if there is one."""

    check: str
    level: FindingLevel
    said: str
    step: str = ""


def ok(check: str, reason: str) -> Finding:
    """Return a finding without problems."""
    return Finding(check, FindingLevel.OK, reason)


def warn(check: str, reason: str, step: str) -> Finding:
    """Return a warning: it works for now, or could not be checked."""
    return Finding(check, FindingLevel.WARN, reason, step)


def fail(check: str, reason: str, step: str) -> Finding:
    """Return a failure: it does not work, or must not stay like this."""
    return Finding(check, FindingLevel.FAIL, reason, step)
