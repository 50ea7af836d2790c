"""Retention of files with data about members: what was handed over or written for an operator is deleted in time."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator

from campaigns.core.model.duration import Duration
from campaigns.core.model.localised_text import FormatError, FrozenModel

_LONGEST = timedelta(days=365)


def _check_span(span: timedelta) -> timedelta:
    if not timedelta(days=1) <= span <= _LONGEST or span % timedelta(days=1):
        raise FormatError("files are kept for whole days, from 1 day to 365 days", "`30 days`")
    return span


FileRetention = Annotated[Duration, AfterValidator(_check_span)]


class RetentionSettings(FrozenModel):
    """Days until files are deleted: the outbox of a run after it closes, backups and exports after they are written.

    An erased member is told these days, so the shorter they are, the better.
    """

    outbox: FileRetention = timedelta(days=30)
    backups: FileRetention = timedelta(days=30)
    exports: FileRetention = timedelta(days=30)
