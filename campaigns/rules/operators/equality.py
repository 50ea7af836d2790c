"""Operators for equality, membership in a list, and presence of a value."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from campaigns.core.model.condition import Argument
from campaigns.rules.as_of import Moment
from campaigns.rules.operators.labels import IS_NOT, Saying, Verb
from campaigns.rules.operators.operator import ANY_TYPE, PLAIN, Nothing, Operand, Operator, Takes

_EXACTLY: Final = Saying(fi="tasan {}", sv="exakt {}", en="exactly {}")
_PLAIN: Final = Saying()
_IS_NOT: Final = Saying(verb=IS_NOT)
_KNOWN: Final = Verb(fi=("on tiedossa", "puuttuu"), sv=("saknas inte", "saknas"), en=("is known", "is missing"))
_MISSING: Final = Verb(fi=("puuttuu", "on tiedossa"), sv=("saknas", "saknas inte"), en=("is missing", "is known"))


def _is(operand: Operand, argument: object, _moment: Moment) -> ColumnElement[bool]:
    return operand.value == operand.bound(argument)


def _one_of(operand: Operand, arguments: Sequence[object], _moment: Moment) -> ColumnElement[bool]:
    if operand.per is not None:
        return sa.or_(*(operand.value == operand.bound(argument) for argument in arguments))
    return operand.value.in_([operand.bound(argument) for argument in arguments])


def _is_not(operand: Operand, argument: Any, moment: Moment) -> ColumnElement[bool]:
    if isinstance(argument, tuple):
        return sa.and_(*(_is_not(operand, value, moment) for value in argument))
    return operand.value != operand.bound(argument)


def _known(operand: Operand, argument: bool, _moment: Moment) -> ColumnElement[bool]:
    return operand.value.is_not(None) if argument else operand.value.is_(None)


def _labels_of_is(argument: Argument) -> Saying:
    return _EXACTLY if isinstance(argument, int | Decimal) and not isinstance(argument, bool) else _PLAIN


def _labels_of_known(argument: Argument) -> Saying:
    return Saying(fi="", sv="", en="", verb=_KNOWN if argument else _MISSING)


is_ = Operator(word="is", types=PLAIN, takes=Takes.VALUE, lower=_is, says=_labels_of_is, written=False)

one_of = Operator(
    word="one_of",
    types=PLAIN,
    takes=Takes.VALUES,
    lower=_one_of,
    says=lambda _: _PLAIN,
    written=False,
)

is_not = Operator(
    word="is_not",
    types=PLAIN,
    takes=Takes.VALUE_OR_VALUES,
    lower=_is_not,  # a missing value does not match
    says=lambda _: _IS_NOT,
)

known = Operator(
    word="known",
    types=ANY_TYPE,
    takes=Takes.FLAG,
    lower=_known,
    says=_labels_of_known,
    over_nothing=Nothing.ANSWERED,
)
