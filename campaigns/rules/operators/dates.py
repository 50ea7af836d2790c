"""Operators relative to today, the calendar day of as_of: backward or ahead."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from campaigns.core.model.condition import Argument
from campaigns.core.model.enums import ColumnType
from campaigns.rules.as_of import EvaluationTime
from campaigns.rules.operators.labels import WAS, OperatorLabels
from campaigns.rules.operators.operator import DATE_TYPES, ArgumentKind, Operand, Operator

_ONE_DAY: Final = timedelta(days=1)
_TODAY: Final = OperatorLabels(fi="tänään", sv="i dag", en="today")
_AHEAD: Final = OperatorLabels(
    fi="tänään tai seuraavien {} päivän aikana",
    sv="i dag eller inom de närmaste {} dagarna",
    en="today or within the next {} days",
)
_OR_TOMORROW: Final = OperatorLabels(fi="tänään tai huomenna", sv="i dag eller i morgon", en="today or tomorrow")
_BACK: Final = OperatorLabels(
    fi="viimeisten {} päivän aikana", sv="under de senaste {} dagarna", en="within the last {} days", verb=WAS
)
_SINCE_YESTERDAY: Final = OperatorLabels(
    fi="eilen tai tänään", sv="i går eller i dag", en="yesterday or today", verb=WAS
)
_EARLIER_TODAY: Final = OperatorLabels(fi="tänään", sv="i dag", en="today", verb=WAS)
_AGO: Final = OperatorLabels(
    fi="yli {} päivää sitten", sv="för mer än {} dagar sedan", en="more than {} days ago", verb=WAS
)
_A_DAY_AGO: Final = OperatorLabels(fi="ennen eilistä", sv="före gårdagen", en="before yesterday", verb=WAS)
_BEFORE_TODAY: Final = OperatorLabels(fi="ennen tätä päivää", sv="före dagens datum", en="before today", verb=WAS)
_BEFORE: Final = OperatorLabels(fi="ennen päivää {}", sv="före {}", en="before {}", verb=WAS)


def _in_next(operand: Operand, ahead: timedelta, moment: EvaluationTime) -> ColumnElement[bool]:
    end = operand.day_start(moment.day + ahead + _ONE_DAY, moment)
    if operand.type is ColumnType.TIMESTAMP:
        return sa.and_(operand.value >= operand.bind(moment.instant), operand.value < end)
    return sa.and_(operand.value >= operand.day_start(moment.day, moment), operand.value < end)


def _within(operand: Operand, back: timedelta, moment: EvaluationTime) -> ColumnElement[bool]:
    after_start = operand.value >= operand.day_start(moment.day - back, moment)
    if operand.type is ColumnType.TIMESTAMP:
        return sa.and_(after_start, operand.value < operand.bind(moment.instant))
    return sa.and_(after_start, operand.value < operand.day_start(moment.day + _ONE_DAY, moment))


def _before(operand: Operand, argument: date | timedelta, moment: EvaluationTime) -> ColumnElement[bool]:
    return operand.value < operand.day_start(moment.resolve_day(argument), moment)


def _by_days(*labels: OperatorLabels) -> Callable[[Argument], OperatorLabels]:
    """Return a function that picks the labels: for 0 days, 1 day, more days, and (if there is a fourth) a date."""

    def pick(argument: Argument) -> OperatorLabels:
        return labels[min(argument.days, 2)] if isinstance(argument, timedelta) else labels[-1]

    return pick


in_next = Operator(
    keyword="in_next",
    types=DATE_TYPES,
    argument_kind=ArgumentKind.AHEAD,
    lower=_in_next,
    labels_for=_by_days(_TODAY, _OR_TOMORROW, _AHEAD),
)

within = Operator(
    keyword="within",
    types=DATE_TYPES,
    argument_kind=ArgumentKind.BACK,
    lower=_within,
    labels_for=_by_days(_EARLIER_TODAY, _SINCE_YESTERDAY, _BACK),
)

before = Operator(
    keyword="before",
    types=DATE_TYPES,
    argument_kind=ArgumentKind.DAY,
    lower=_before,  # a member without visits does not match
    labels_for=_by_days(_BEFORE_TODAY, _A_DAY_AGO, _AGO, _BEFORE),
)
