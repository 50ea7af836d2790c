"""What an operator is: one record of its word, its expression, its sentence and what it does with nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeEngine

from campaigns.core.model.condition import Argument
from campaigns.core.model.enums import ColumnType
from campaigns.rules.as_of import Moment
from campaigns.rules.operators.labels import Saying

SQL_TYPES: Final[dict[ColumnType, TypeEngine[Any]]] = {
    ColumnType.TEXT: sa.String(),
    ColumnType.INTEGER: sa.BigInteger(),
    ColumnType.DECIMAL: sa.Numeric(),
    ColumnType.DATE: sa.Date(),
    ColumnType.TIMESTAMP: sa.DateTime(),
    ColumnType.BOOLEAN: sa.Boolean(),
}


class Takes(StrEnum):
    """What stands after an operator's word."""

    VALUE = "a value of the field's type"
    VALUES = "a list of such values"
    VALUE_OR_VALUES = "a value or a list"
    AHEAD = "a number of days to come"
    BACK = "a number of days past"
    DAY = "a date, or `60 days ago`"
    FLAG = "true or false"


class Nothing(StrEnum):
    """What comes of a value that is missing, or of an aggregate over no rows."""

    UNKNOWN = "unknown"  # and stays so through `not`
    ANSWERED = "answered"  # the operator asks just that
    ZERO = "zero"  # a count or a sum, which then is compared like any other


@dataclass(frozen=True, slots=True)
class Operand:
    """The left side of a test. With `per`, `value` is compared with that many times the bound: no division, no zero."""

    value: ColumnElement[Any]
    type: ColumnType
    per: ColumnElement[Any] | None = None

    def bound(self, argument: object) -> ColumnElement[Any]:
        """An argument as a bound parameter of the operand's type."""
        parameter = sa.literal(argument, SQL_TYPES[self.type])
        return parameter if self.per is None else parameter * self.per

    def start(self, day: date, moment: Moment) -> ColumnElement[Any]:
        """The beginning of a day: an instant when the operand is one, the day itself when it is a date."""
        return self.bound(moment.start(day) if self.type is ColumnType.TIMESTAMP else day)


Lower = Callable[[Operand, Any, Moment], ColumnElement[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One operator. `lower` gets an argument of the kind that `takes` says; every date in it was computed from as_of.

    `written` is False for the two that stand for a bare value and a bare list.
    """

    word: str
    types: frozenset[ColumnType]
    takes: Takes
    lower: Lower
    says: Callable[[Argument], Saying]
    over_nothing: Nothing = Nothing.UNKNOWN
    written: bool = True


ANY_TYPE: Final = frozenset(ColumnType)
NUMBERS: Final = frozenset({ColumnType.INTEGER, ColumnType.DECIMAL})
DAYS: Final = frozenset({ColumnType.DATE, ColumnType.TIMESTAMP})
TEXTS: Final = frozenset({ColumnType.TEXT})
PLAIN: Final = ANY_TYPE - {ColumnType.TIMESTAMP}  # nobody means one microsecond
