"""Schedule of a campaign, and the limits on a late start."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from campaigns.core.clock import from_warehouse_time, wall_instant
from campaigns.core.corrections import correct_moment
from campaigns.core.model.duration import Duration
from campaigns.core.model.localised_text import FormatError, FrozenModel

DEFAULT_SEND_BY = timedelta(hours=24)

_CRON_PARTS: Final = 5
_WALL_TIME_SHAPE: Final = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}")
_CURLY_QUOTES: Final = re.compile("[“”„‘’]")
"""Typographic quotes of a word processor, which YAML reads as part of the text."""


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise FormatError(f"`{name}` is not a time zone", "`Europe/Helsinki`") from error
    return name


def _check_cron(expression: str) -> str:
    hint = "minute, hour, day, month and weekday, as in `30 9 * * mon`"
    if len(expression.split()) == _CRON_PARTS + 1:  # seconds first, as CronSim reads it: a run for each of them
        raise FormatError(f"`{expression}` has six parts, and cron here has five, without seconds", hint)
    try:
        CronSim(expression, from_warehouse_time(datetime(2018, 1, 1)))  # noqa: DTZ001 - any moment will do
    except CronSimError as error:
        raise FormatError(f"`{expression}` is not a time that cron knows", hint) from error
    return expression


def _check_wall_time(text: object) -> str:
    try:
        datetime.strptime(str(text), "%Y-%m-%d %H:%M")  # noqa: DTZ007 - the time zone is a separate key
    except ValueError as error:
        if _WALL_TIME_SHAPE.fullmatch(str(text)):
            raise FormatError(f"no calendar has {text}", "a day that its month has, and an hour before 24") from error
        quotes = ", in straight quotes" if _CURLY_QUOTES.search(str(text)) else ""
        example = correct_moment(text) or "2018-01-05 10:30"
        raise FormatError("a moment is a date with a time of day", f'`"{example}"`{quotes}') from error
    return str(text)


TimeZone = Annotated[str, AfterValidator(_check_zone)]
WallTime = Annotated[
    str, BeforeValidator(_check_wall_time, json_schema_input_type=Annotated[str, Field(examples=["2018-01-05 10:30"])])
]


class Schedule(FrozenModel):
    """Schedule: either `cron` (five parts) or `at` (one time), both in `timezone`.

    A scheduled run may start up to `late_by` after it is due, and claims deliveries until `send_by` after it is due.
    """

    cron: Annotated[str, AfterValidator(_check_cron)] | None = None
    at: WallTime | None = None
    timezone: TimeZone = "Europe/Helsinki"
    late_by: Duration = timedelta(hours=1)
    send_by: Duration = DEFAULT_SEND_BY

    @model_validator(mode="after")
    def _check_times(self) -> Self:
        if (self.cron is None) == (self.at is None):
            raise FormatError("a schedule has either `cron` or `at`", '`at: "2018-01-05 10:30"`')
        if self.at is not None and parse_wall_time(self.at, self.zone) is None:
            hint = "an hour later: the clocks go forward over it"
            raise FormatError(f"{self.at} does not exist in {self.timezone}", hint, "at")
        if self.cron is not None and self.next_after(from_warehouse_time(datetime(2018, 1, 1))) is None:  # noqa: DTZ001
            raise FormatError(f"the moment of `{self.cron}` never comes", "a day that its months have", "cron")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """Time zone of the schedule's days and hours."""
        return ZoneInfo(self.timezone)

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first due time after `instant`, in UTC; None when there is none.

        A cron time that does not exist is due when the clocks have gone forward; one that occurs twice is due the
        first time.
        """
        if self.at is not None:
            due = parse_wall_time(self.at, self.zone)
            return due if due is not None and due > instant else None
        try:
            return next(CronSim(str(self.cron), instant.astimezone(self.zone))).astimezone(UTC)
        except StopIteration:
            return None


def parse_wall_time(text: str, zone: ZoneInfo) -> datetime | None:
    """Return the instant of the wall time `YYYY-MM-DD HH:MM` in `zone`, the first of two; None: it does not exist."""
    return wall_instant(datetime.strptime(text, "%Y-%m-%d %H:%M"), zone)  # noqa: DTZ007 - the zone is added there
