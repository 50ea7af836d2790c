"""Where the data end: what rules cannot see when they are asked before anything came, or for a later moment."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from campaigns.core.clock import local_day
from campaigns.core.errors import Place, Problem, Severity
from campaigns.core.model.enums import DataClass

STALE: Final = timedelta(days=3)
"""How old the newest purchase may be before it is said."""

OF_PURCHASES: Final = frozenset({DataClass.BASKET, DataClass.TOTALS})
"""The classes of what purchases tell of a member."""


def nobody(asked: str) -> Problem:
    """A warning that no rule finds anybody, since nobody is there."""
    return _warning(
        asked, "no members have been imported, so nobody is found", "no_members", "`viesti import members FILE`"
    )


def data_end(asked: str, as_of: datetime, newest: datetime | None, zone: ZoneInfo) -> Problem | None:
    """A warning that rules asked for `as_of` look back on days without data; None when the data reach so far."""
    if newest is None:
        message = "no purchases have been imported; rules about them see nothing"
        return _warning(asked, message, "no_purchases", "`viesti import purchases FILE`")
    if as_of - newest <= STALE:
        return None
    missing = (as_of - newest).days
    message = f"purchases end on {local_day(newest, zone)}; rules about them see nothing of the {missing} days since"
    hint = "`viesti import purchases FILE`, or an earlier `--as-of`"
    return _warning(asked, message, "data_end", hint)


def _warning(asked: str, message: str, code: str, hint: str) -> Problem:
    return Problem(Place(asked), message, code, hint, Severity.WARNING)
