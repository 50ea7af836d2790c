"""Operators on text, case-sensitive like equality."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from campaigns.rules.as_of import Moment
from campaigns.rules.operators.labels import Saying, Verb
from campaigns.rules.operators.operator import TEXTS, Operand, Operator, Takes

_STARTS_WITH: Final = Saying(
    fi="”{}”",
    sv="”{}”",
    en="“{}”",
    verb=Verb(
        fi=("alkaa merkeillä", "ei ala merkeillä"),
        sv=("börjar med", "börjar inte med"),
        en=("starts with", "does not start with"),
    ),
)
_CONTAINS: Final = Saying(
    fi="”{}”",
    sv="”{}”",
    en="“{}”",
    verb=Verb(
        fi=("sisältää merkit", "ei sisällä merkkejä"),
        sv=("innehåller", "innehåller inte"),
        en=("contains", "does not contain"),
    ),
)


def _starts_with(operand: Operand, argument: str, _moment: Moment) -> ColumnElement[bool]:
    return sa.func.starts_with(operand.value, operand.bound(argument), type_=sa.Boolean())


def _contains(operand: Operand, argument: str, _moment: Moment) -> ColumnElement[bool]:
    # Not LIKE: `%` and `_` in the argument are ordinary characters.
    return sa.func.strpos(operand.value, operand.bound(argument), type_=sa.Integer()) > sa.literal_column("0")


starts_with = Operator(
    word="starts_with",
    types=TEXTS,
    takes=Takes.VALUE,
    lower=_starts_with,
    says=lambda _: _STARTS_WITH,
)

contains = Operator(
    word="contains",
    types=TEXTS,
    takes=Takes.VALUE,
    lower=_contains,
    says=lambda _: _CONTAINS,
)
