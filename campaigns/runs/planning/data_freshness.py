"""Data freshness: warnings for rules that look at times without data."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from campaigns.core.clock import local_day
from campaigns.core.errors import FilePosition, Problem, Severity
from campaigns.core.model.enums import DataClass

STALE_AFTER: Final = timedelta(days=3)
"""Maximum age of the newest purchase without a warning."""

PURCHASE_CLASSES: Final = frozenset({DataClass.BASKET, DataClass.TOTALS})
"""Data classes derived from a member's purchases."""


def no_members_warning(subject: str) -> Problem:
    """Return a warning that no members have been imported, so that no rule matches anybody."""
    return _warning(
        subject, "no members have been imported, so nobody is found", "no_members", "`viesti import members FILE`"
    )


def stale_data_warning(subject: str, as_of: datetime, newest: datetime | None, zone: ZoneInfo) -> Problem | None:
    """Return a warning when rules at `as_of` look back on days without purchases; None when the data are fresh."""
    if newest is None:
        message = "no purchases have been imported; rules about them see nothing"
        return _warning(subject, message, "no_purchases", "`viesti import purchases FILE`")
    if as_of - newest <= STALE_AFTER:
        return None
    days = (as_of - newest).days
    message = f"purchases end on {local_day(newest, zone)}; rules about them see nothing of the {days} days since"
    hint = "`viesti import purchases FILE`, or an earlier `--as-of`"
    return _warning(subject, message, "data_end", hint)


def _warning(subject: str, message: str, code: str, hint: str) -> Problem:
    return Problem(FilePosition(subject), message, code, hint, Severity.WARNING)
