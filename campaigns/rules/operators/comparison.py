"""Operators that compare numbers; `from` and `to` compare days, too."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy.sql.elements import ColumnElement

from campaigns.core.model.condition import Argument
from campaigns.rules.as_of import Moment
from campaigns.rules.operators.labels import WAS, Saying
from campaigns.rules.operators.operator import DAYS, NUMBERS, Lower, Operand, Operator, Takes

_AT_LEAST: Final = Saying(fi="vähintään {}", sv="minst {}", en="at least {}")
_AT_MOST: Final = Saying(fi="enintään {}", sv="högst {}", en="at most {}")
_MORE_THAN: Final = Saying(fi="yli {}", sv="mer än {}", en="more than {}")
_LESS_THAN: Final = Saying(fi="alle {}", sv="mindre än {}", en="less than {}")
_FROM_DAY: Final = Saying(fi="{} tai sen jälkeen", sv="{} eller senare", en="on or after {}", verb=WAS)
_TO_DAY: Final = Saying(fi="{} tai sitä ennen", sv="{} eller tidigare", en="on or before {}", verb=WAS)
RANGE: Final = Saying(fi="{}", sv="{}", en="from {}")
RANGE_OF_DAYS: Final = Saying(fi="{}", sv="{}", en="from {}", verb=WAS)


def _comparison(compare: Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[bool]]) -> Lower:
    return lambda operand, argument, _moment: compare(operand.value, operand.bound(argument))


def _from(operand: Operand, argument: Any, moment: Moment) -> ColumnElement[bool]:
    if isinstance(argument, date):
        return operand.value >= operand.start(argument, moment)
    return operand.value >= operand.bound(argument)


def _to(operand: Operand, argument: Any, moment: Moment) -> ColumnElement[bool]:
    if isinstance(argument, date):  # up to the end of that day
        return operand.value < operand.start(argument + timedelta(days=1), moment)
    return operand.value <= operand.bound(argument)


def _number_or_day(number: Saying, day: Saying) -> Callable[[Argument], Saying]:
    return lambda argument: day if isinstance(argument, date) else number


at_least = Operator(
    word="at_least",
    types=NUMBERS,
    takes=Takes.VALUE,
    lower=_comparison(lambda value, bound: value >= bound),
    says=lambda _: _AT_LEAST,
)

at_most = Operator(
    word="at_most",
    types=NUMBERS,
    takes=Takes.VALUE,
    lower=_comparison(lambda value, bound: value <= bound),
    says=lambda _: _AT_MOST,
)

more_than = Operator(
    word="more_than",
    types=NUMBERS,
    takes=Takes.VALUE,
    lower=_comparison(lambda value, bound: value > bound),
    says=lambda _: _MORE_THAN,
)

less_than = Operator(
    word="less_than",
    types=NUMBERS,
    takes=Takes.VALUE,
    lower=_comparison(lambda value, bound: value < bound),
    says=lambda _: _LESS_THAN,
)

from_ = Operator(
    word="from",
    types=NUMBERS | DAYS,
    takes=Takes.VALUE,
    lower=_from,
    says=_number_or_day(_AT_LEAST, _FROM_DAY),
)

to = Operator(
    word="to",
    types=NUMBERS | DAYS,
    takes=Takes.VALUE,
    lower=_to,
    says=_number_or_day(_AT_MOST, _TO_DAY),
)
