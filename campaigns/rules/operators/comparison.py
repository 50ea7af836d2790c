"""Operators that compare numbers; `from` and `to` compare days, too."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy.sql.elements import ColumnElement

from campaigns.core.model.condition import Argument
from campaigns.rules.as_of import EvaluationTime
from campaigns.rules.operators.labels import WAS, OperatorLabels
from campaigns.rules.operators.operator import DATE_TYPES, NUMBER_TYPES, ArgumentKind, LowerFunction, Operand, Operator

_AT_LEAST: Final = OperatorLabels(fi="vähintään {}", sv="minst {}", en="at least {}")
_AT_MOST: Final = OperatorLabels(fi="enintään {}", sv="högst {}", en="at most {}")
_MORE_THAN: Final = OperatorLabels(fi="yli {}", sv="mer än {}", en="more than {}")
_LESS_THAN: Final = OperatorLabels(fi="alle {}", sv="mindre än {}", en="less than {}")
_FROM_DAY: Final = OperatorLabels(fi="{} tai sen jälkeen", sv="{} eller senare", en="on or after {}", verb=WAS)
_TO_DAY: Final = OperatorLabels(fi="{} tai sitä ennen", sv="{} eller tidigare", en="on or before {}", verb=WAS)
RANGE_LABELS: Final = OperatorLabels(fi="{}", sv="{}", en="from {}")
DATE_RANGE_LABELS: Final = OperatorLabels(fi="{}", sv="{}", en="from {}", verb=WAS)


def _comparison(compare: Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[bool]]) -> LowerFunction:
    return lambda operand, argument, _moment: compare(operand.value, operand.bind(argument))


def _from(operand: Operand, argument: Any, moment: EvaluationTime) -> ColumnElement[bool]:
    if isinstance(argument, date):
        return operand.value >= operand.day_start(argument, moment)
    return operand.value >= operand.bind(argument)


def _to(operand: Operand, argument: Any, moment: EvaluationTime) -> ColumnElement[bool]:
    if isinstance(argument, date):  # up to the end of that day
        return operand.value < operand.day_start(argument + timedelta(days=1), moment)
    return operand.value <= operand.bind(argument)


def _number_or_day(number: OperatorLabels, day: OperatorLabels) -> Callable[[Argument], OperatorLabels]:
    return lambda argument: day if isinstance(argument, date) else number


at_least = Operator(
    keyword="at_least",
    types=NUMBER_TYPES,
    argument_kind=ArgumentKind.VALUE,
    lower=_comparison(lambda value, bound: value >= bound),
    labels_for=lambda _: _AT_LEAST,
)

at_most = Operator(
    keyword="at_most",
    types=NUMBER_TYPES,
    argument_kind=ArgumentKind.VALUE,
    lower=_comparison(lambda value, bound: value <= bound),
    labels_for=lambda _: _AT_MOST,
)

more_than = Operator(
    keyword="more_than",
    types=NUMBER_TYPES,
    argument_kind=ArgumentKind.VALUE,
    lower=_comparison(lambda value, bound: value > bound),
    labels_for=lambda _: _MORE_THAN,
)

less_than = Operator(
    keyword="less_than",
    types=NUMBER_TYPES,
    argument_kind=ArgumentKind.VALUE,
    lower=_comparison(lambda value, bound: value < bound),
    labels_for=lambda _: _LESS_THAN,
)

from_ = Operator(
    keyword="from",
    types=NUMBER_TYPES | DATE_TYPES,
    argument_kind=ArgumentKind.VALUE,
    lower=_from,
    labels_for=_number_or_day(_AT_LEAST, _FROM_DAY),
)

to = Operator(
    keyword="to",
    types=NUMBER_TYPES | DATE_TYPES,
    argument_kind=ArgumentKind.VALUE,
    lower=_to,
    labels_for=_number_or_day(_AT_MOST, _TO_DAY),
)
