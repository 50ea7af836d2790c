"""Frequency caps on messages per member, by calendar period or rolling window (A-07)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, TableClause, and_, case, func, literal, select, union

from campaigns.core.clock import local_day, midnight, to_warehouse_time
from campaigns.core.model.campaign import Campaign, FrequencyCap
from campaigns.core.model.enums import Purpose
from campaigns.core.model.settings import Settings

EXEMPT_PURPOSES: Final = (Purpose.SERVICE.value, Purpose.RIGHTS.value)
_MINUTE: Final = timedelta(minutes=1)


def applicable_caps(campaign: Campaign, settings: Settings) -> tuple[FrequencyCap, ...]:
    """Return the caps of a campaign: the workspace's and its own; service messages have none.

    Workspace caps for other purposes do not apply.
    """
    if campaign.purpose in EXEMPT_PURPOSES:
        return ()
    own = campaign.limits.per_member
    shared = (cap for cap in settings.per_member if cap.of in (None, campaign.purpose))
    return (*shared, *((own,) if own else ()))


def window_start(cap: FrequencyCap, moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the time from which messages count against a cap at `moment`."""
    if cap.rolling is not None:
        return moment - cap.rolling
    today = local_day(moment, zone)
    starts = {"day": today, "week": today - timedelta(days=today.weekday()), "month": today.replace(day=1)}
    return midnight(starts[str(cap.per)], zone)


def capped_members(caps: Sequence[FrequencyCap], messages: TableClause, as_of: datetime, zone: ZoneInfo) -> Select[Any]:
    """Select the members for whom one more message at `as_of` would exceed a cap; no rows when there are no caps.

    Later messages do not count, so that the plan of a past moment does not change as time passes. Those of its minute
    do: `as_of` is cut to the minute, and the claim counts them, too.
    """
    end = _end_of_minute(as_of)
    if not caps:
        return select(messages.c.member_id).where(literal(value=False))
    exceeded = [
        select(messages.c.member_id)
        .where(
            messages.c.sent_at >= to_warehouse_time(window_start(cap, as_of, zone)),
            messages.c.sent_at < end,
            counts_against(cap, messages.c.purpose),
        )
        .group_by(messages.c.member_id)
        .having(func.count() >= cap.messages)
        for cap in caps
    ]
    return select(union(*exceeded).subquery("over").c.member_id)


def before(sent_at: ColumnElement[Any], as_of: datetime) -> ColumnElement[Any]:
    """Return the time of a message; for one of the minute of `as_of`, the last moment before it."""
    moment = to_warehouse_time(as_of)
    is_now = and_(sent_at >= moment, sent_at < _end_of_minute(as_of))
    return case((is_now, literal(moment - timedelta.resolution)), else_=sent_at)


def _end_of_minute(as_of: datetime) -> datetime:
    return to_warehouse_time(as_of.replace(second=0, microsecond=0) + _MINUTE)


def counts_against(cap: FrequencyCap, purpose: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that a message of this purpose counts against the cap; service messages never do."""
    return purpose == cap.of.value if cap.of is not None else purpose.not_in(EXEMPT_PURPOSES)
