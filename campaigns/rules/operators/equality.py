"""Operators for equality, membership in a list, and presence of a value."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from campaigns.core.model.condition import Argument
from campaigns.rules.as_of import EvaluationTime
from campaigns.rules.operators.labels import IS_NOT, OperatorLabels, VerbForms
from campaigns.rules.operators.operator import ANY_TYPE, EQUALITY_TYPES, ArgumentKind, NullHandling, Operand, Operator

_EXACTLY: Final = OperatorLabels(fi="tasan {}", sv="exakt {}", en="exactly {}")
_PLAIN: Final = OperatorLabels()
_IS_NOT: Final = OperatorLabels(verb=IS_NOT)
_KNOWN: Final = VerbForms(fi=("on tiedossa", "puuttuu"), sv=("saknas inte", "saknas"), en=("is known", "is missing"))
_MISSING: Final = VerbForms(fi=("puuttuu", "on tiedossa"), sv=("saknas", "saknas inte"), en=("is missing", "is known"))


def _is(operand: Operand, argument: object, _moment: EvaluationTime) -> ColumnElement[bool]:
    return operand.value == operand.bind(argument)


def _one_of(operand: Operand, arguments: Sequence[object], _moment: EvaluationTime) -> ColumnElement[bool]:
    if operand.denominator is not None:
        return sa.or_(*(operand.value == operand.bind(argument) for argument in arguments))
    return operand.value.in_([operand.bind(argument) for argument in arguments])


def _is_not(operand: Operand, argument: Any, moment: EvaluationTime) -> ColumnElement[bool]:
    if isinstance(argument, tuple):
        return sa.and_(*(_is_not(operand, value, moment) for value in argument))
    return operand.value != operand.bind(argument)


def _known(operand: Operand, argument: bool, _moment: EvaluationTime) -> ColumnElement[bool]:
    return operand.value.is_not(None) if argument else operand.value.is_(None)


def _labels_of_is(argument: Argument) -> OperatorLabels:
    return _EXACTLY if isinstance(argument, int | Decimal) and not isinstance(argument, bool) else _PLAIN


def _labels_of_known(argument: Argument) -> OperatorLabels:
    return OperatorLabels(fi="", sv="", en="", verb=_KNOWN if argument else _MISSING)


is_ = Operator(
    keyword="is",
    types=EQUALITY_TYPES,
    argument_kind=ArgumentKind.VALUE,
    lower=_is,
    labels_for=_labels_of_is,
    explicit=False,
)

one_of = Operator(
    keyword="one_of",
    types=EQUALITY_TYPES,
    argument_kind=ArgumentKind.VALUES,
    lower=_one_of,
    labels_for=lambda _: _PLAIN,
    explicit=False,
)

is_not = Operator(
    keyword="is_not",
    types=EQUALITY_TYPES,
    argument_kind=ArgumentKind.VALUE_OR_VALUES,
    lower=_is_not,  # a missing value does not match
    labels_for=lambda _: _IS_NOT,
)

known = Operator(
    keyword="known",
    types=ANY_TYPE,
    argument_kind=ArgumentKind.FLAG,
    lower=_known,
    labels_for=_labels_of_known,
    null_handling=NullHandling.ANSWERED,
)
