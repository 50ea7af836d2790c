"""Operators that look from today, as_of's calendar day, backwards or ahead."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from campaigns.core.model.condition import Argument
from campaigns.core.model.enums import ColumnType
from campaigns.rules.as_of import Moment
from campaigns.rules.operators.labels import WAS, Saying
from campaigns.rules.operators.operator import DAYS, Operand, Operator, Takes

_ONE_DAY: Final = timedelta(days=1)
_TODAY: Final = Saying(fi="tänään", sv="i dag", en="today")
_AHEAD: Final = Saying(
    fi="tänään tai seuraavien {} päivän aikana",
    sv="i dag eller inom de närmaste {} dagarna",
    en="today or within the next {} days",
)
_OR_TOMORROW: Final = Saying(fi="tänään tai huomenna", sv="i dag eller i morgon", en="today or tomorrow")
_BACK: Final = Saying(
    fi="viimeisten {} päivän aikana", sv="under de senaste {} dagarna", en="within the last {} days", verb=WAS
)
_SINCE_YESTERDAY: Final = Saying(fi="eilen tai tänään", sv="i går eller i dag", en="yesterday or today", verb=WAS)
_EARLIER_TODAY: Final = Saying(fi="tänään", sv="i dag", en="today", verb=WAS)
_AGO: Final = Saying(fi="yli {} päivää sitten", sv="för mer än {} dagar sedan", en="more than {} days ago", verb=WAS)
_A_DAY_AGO: Final = Saying(fi="ennen eilistä", sv="före gårdagen", en="before yesterday", verb=WAS)
_BEFORE_TODAY: Final = Saying(fi="ennen tätä päivää", sv="före dagens datum", en="before today", verb=WAS)
_BEFORE: Final = Saying(fi="ennen päivää {}", sv="före {}", en="before {}", verb=WAS)


def _in_next(operand: Operand, ahead: timedelta, moment: Moment) -> ColumnElement[bool]:
    after = operand.start(moment.day + ahead + _ONE_DAY, moment)
    if operand.type is ColumnType.TIMESTAMP:
        return sa.and_(operand.value >= operand.bound(moment.instant), operand.value < after)
    return sa.and_(operand.value >= operand.start(moment.day, moment), operand.value < after)


def _within(operand: Operand, back: timedelta, moment: Moment) -> ColumnElement[bool]:
    first = operand.value >= operand.start(moment.day - back, moment)
    if operand.type is ColumnType.TIMESTAMP:
        return sa.and_(first, operand.value < operand.bound(moment.instant))
    return sa.and_(first, operand.value < operand.start(moment.day + _ONE_DAY, moment))


def _before(operand: Operand, argument: date | timedelta, moment: Moment) -> ColumnElement[bool]:
    return operand.value < operand.start(moment.day_of(argument), moment)


def _by_days(*sayings: Saying) -> Callable[[Argument], Saying]:
    """The saying for 0 days, for 1, and for any other number; a fourth, if there is one, for a date."""

    def says(argument: Argument) -> Saying:
        return sayings[min(argument.days, 2)] if isinstance(argument, timedelta) else sayings[-1]

    return says


in_next = Operator(
    word="in_next",
    types=DAYS,
    takes=Takes.AHEAD,
    lower=_in_next,
    says=_by_days(_TODAY, _OR_TOMORROW, _AHEAD),
)

within = Operator(
    word="within",
    types=DAYS,
    takes=Takes.BACK,
    lower=_within,
    says=_by_days(_EARLIER_TODAY, _SINCE_YESTERDAY, _BACK),
)

before = Operator(
    word="before",
    types=DAYS,
    takes=Takes.DAY,
    lower=_before,  # no visit at all is not "a visit long ago"
    says=_by_days(_BEFORE_TODAY, _A_DAY_AGO, _AGO, _BEFORE),
)
