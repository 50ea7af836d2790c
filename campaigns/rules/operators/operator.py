"""Record of an operator: its keyword, SQL expression, labels and handling of NULL."""

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
from campaigns.rules.as_of import EvaluationTime
from campaigns.rules.operators.labels import OperatorLabels

SQL_TYPES: Final[dict[ColumnType, TypeEngine[Any]]] = {
    ColumnType.TEXT: sa.String(),
    ColumnType.INTEGER: sa.BigInteger(),
    ColumnType.DECIMAL: sa.Numeric(),
    ColumnType.DATE: sa.Date(),
    ColumnType.TIMESTAMP: sa.DateTime(),
    ColumnType.BOOLEAN: sa.Boolean(),
}


class ArgumentKind(StrEnum):
    """Kind of argument that an operator takes."""

    VALUE = "a value of the field's type"
    VALUES = "a list of such values"
    VALUE_OR_VALUES = "a value or a list"
    AHEAD = "a number of days to come"
    BACK = "a number of days past"
    DAY = "a date, or `60 days ago`"
    FLAG = "true or false"


class NullHandling(StrEnum):
    """Result of a comparison with a missing value, or with an aggregate over no rows."""

    UNKNOWN = "unknown"  # NULL, which `not` leaves unknown
    ANSWERED = "answered"  # true or false: the operator tests for NULL
    ZERO = "zero"  # a count or sum of 0, compared like any other number


@dataclass(frozen=True, slots=True)
class Operand:
    """Left side of a comparison.

    With `denominator`, `value` is compared with the bound times the denominator, which avoids division by zero.
    """

    value: ColumnElement[Any]
    type: ColumnType
    denominator: ColumnElement[Any] | None = None

    def bind(self, argument: object) -> ColumnElement[Any]:
        """Return an argument as a bound parameter of the operand's type, times the denominator if there is one."""
        parameter = sa.literal(argument, SQL_TYPES[self.type])
        return parameter if self.denominator is None else parameter * self.denominator

    def day_start(self, day: date, moment: EvaluationTime) -> ColumnElement[Any]:
        """Return the start of a day: an instant when the operand is a timestamp, the day itself when it is a date."""
        return self.bind(moment.start(day) if self.type is ColumnType.TIMESTAMP else day)


LowerFunction = Callable[[Operand, Any, EvaluationTime], ColumnElement[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Operator of the rule language.

    `lower` gets an argument of `argument_kind`; all its dates are computed from as_of.
    `explicit` is False for the operators of a bare value and a bare list, whose keywords a rule does not write.
    """

    keyword: str
    types: frozenset[ColumnType]
    argument_kind: ArgumentKind
    lower: LowerFunction
    labels_for: Callable[[Argument], OperatorLabels]
    null_handling: NullHandling = NullHandling.UNKNOWN
    explicit: bool = True


ANY_TYPE: Final = frozenset(ColumnType)
NUMBER_TYPES: Final = frozenset({ColumnType.INTEGER, ColumnType.DECIMAL})
DATE_TYPES: Final = frozenset({ColumnType.DATE, ColumnType.TIMESTAMP})
TEXT_TYPES: Final = frozenset({ColumnType.TEXT})
EQUALITY_TYPES: Final = ANY_TYPE - {ColumnType.TIMESTAMP}  # equality with a timestamp would mean one microsecond
