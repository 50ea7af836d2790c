"""Operators on text, case-sensitive like equality."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from campaigns.rules.as_of import EvaluationTime
from campaigns.rules.operators.labels import OperatorLabels, VerbForms
from campaigns.rules.operators.operator import TEXT_TYPES, ArgumentKind, Operand, Operator

_STARTS_WITH: Final = OperatorLabels(
    fi="”{}”",
    sv="”{}”",
    en="“{}”",
    verb=VerbForms(
        fi=("alkaa merkeillä", "ei ala merkeillä"),
        sv=("börjar med", "börjar inte med"),
        en=("starts with", "does not start with"),
    ),
)
_CONTAINS: Final = OperatorLabels(
    fi="”{}”",
    sv="”{}”",
    en="“{}”",
    verb=VerbForms(
        fi=("sisältää merkit", "ei sisällä merkkejä"),
        sv=("innehåller", "innehåller inte"),
        en=("contains", "does not contain"),
    ),
)


def _starts_with(operand: Operand, argument: str, _moment: EvaluationTime) -> ColumnElement[bool]:
    return sa.func.starts_with(operand.value, operand.bind(argument), type_=sa.Boolean())


def _contains(operand: Operand, argument: str, _moment: EvaluationTime) -> ColumnElement[bool]:
    # Not LIKE: `%` and `_` in the argument are ordinary characters.
    return sa.func.strpos(operand.value, operand.bind(argument), type_=sa.Integer()) > sa.literal_column("0")


starts_with = Operator(
    keyword="starts_with",
    types=TEXT_TYPES,
    argument_kind=ArgumentKind.VALUE,
    lower=_starts_with,
    labels_for=lambda _: _STARTS_WITH,
)

contains = Operator(
    keyword="contains",
    types=TEXT_TYPES,
    argument_kind=ArgumentKind.VALUE,
    lower=_contains,
    labels_for=lambda _: _CONTAINS,
)
