"""Age in completed years on the day of as_of, computed from the date of birth; no column holds it."""

from calendar import isleap
from datetime import date, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from campaigns.core.model.localised_text import Localised

AGE: Final = "age"
BIRTH_DATE: Final = "birth_date"
MEANING: Final = Localised(fi="ikä", sv="ålder", en="age")


def completed_years(birth: ColumnElement[date], day: date) -> ColumnElement[int]:
    """Return the age on `day`; a birth on 29 February completes its year on the 28th in a year without a 29th."""
    years = sa.literal(day.year, sa.Integer()) - sa.extract("year", birth)
    last_birthday = max(birthdays_on(day))
    return years - sa.case((month_and_day(birth) > sa.literal(last_birthday, sa.Integer()), _ONE), else_=_ZERO)


def birthdays_on(day: date) -> tuple[int, ...]:
    """Return the birthdays celebrated on `day`, numbered as `month_and_day` numbers them."""
    if (day.month, day.day) == (2, 28) and not isleap(day.year):
        return (228, 229)
    return (day.month * 100 + day.day,)


def birthdays_within(day: date, days_ahead: int) -> list[int]:
    """Return the birthdays celebrated on `day` or on one of the `days_ahead` days after it, in order."""
    days = (day + timedelta(days=ahead) for ahead in range(days_ahead + 1))
    return sorted({birthday for day_ahead in days for birthday in birthdays_on(day_ahead)})


def month_and_day(birth: ColumnElement[date]) -> ColumnElement[int]:
    """Return month and day as one number: 103 is 3 January, 1224 Christmas Eve."""
    return sa.extract("month", birth) * _HUNDRED + sa.extract("day", birth)


_ZERO: Final[ColumnElement[int]] = sa.literal_column("0", sa.Integer())
_ONE: Final[ColumnElement[int]] = sa.literal_column("1", sa.Integer())
_HUNDRED: Final[ColumnElement[int]] = sa.literal_column("100", sa.Integer())
