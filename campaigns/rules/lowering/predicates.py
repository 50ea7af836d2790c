"""Conditions as SQL expressions: true, false, or NULL where data is missing or must not be used."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any as AnyType
from typing import Final

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import TableClause

from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.condition import (
    All,
    Any,
    Birthday,
    Condition,
    FieldCondition,
    MessageCondition,
    Not,
    PurchaseCondition,
    RedemptionCondition,
    Sample,
    ValueComparison,
)
from campaigns.core.model.enums import ColumnType
from campaigns.rules.age import AGE, BIRTH_DATE, birthdays_within, completed_years, month_and_day
from campaigns.rules.as_of import EvaluationTime
from campaigns.rules.lowering.aggregates import Aggregate
from campaigns.rules.lowering.required_aggregates import (
    AT_LEAST_ONCE,
    message_count,
    redemption_count,
    required_measures,
)
from campaigns.rules.operators import OPERATORS
from campaigns.rules.operators.measures import BOUGHT, LINE_COUNT
from campaigns.rules.operators.operator import Operand

ColumnOfAggregate = Callable[[Aggregate], ColumnElement[AnyType]]
_HEX_DIGITS: Final = 8


@dataclass(frozen=True, slots=True)
class ConditionLowering:
    """Lowering of conditions, with audiences expanded, to SQL; `column_of` returns the column of an aggregate."""

    population: TableClause
    catalogue: Catalogue
    moment: EvaluationTime
    column_of: ColumnOfAggregate

    def lower(self, condition: Condition) -> ColumnElement[bool]:
        """Return the SQL expression of a condition."""
        match condition:
            case All(parts=parts):
                return sa.and_(*(self.lower(part) for part in parts))
            case Any(parts=parts):
                return sa.or_(*(self.lower(part) for part in parts))
            case Not(part=part):
                return sa.not_(self.lower(part))
            case _:
                return self._leaf(condition)

    def _leaf(self, condition: Condition) -> ColumnElement[bool]:
        match condition:
            case FieldCondition():
                return self._comparisons(self._field(condition.column), condition.comparisons)
            case PurchaseCondition():
                return self._purchases(condition)
            case MessageCondition():
                return self._messages(condition)
            case RedemptionCondition():
                return self._redemptions(condition)
            case Birthday(days_ahead=days_ahead):
                days = birthdays_within(self.moment.day, days_ahead)
                return month_and_day(self.population.c[BIRTH_DATE]).in_([sa.literal(day, sa.Integer()) for day in days])
            case Sample():
                return self._sample(condition)
            case _:
                raise AssertionError(f"{type(condition).__name__} has no expression of its own")

    def _field(self, column: str) -> Operand:
        if column == AGE:
            return Operand(completed_years(self.population.c[BIRTH_DATE], self.moment.day), ColumnType.INTEGER)
        return Operand(self.population.c[column], self.catalogue.profile_columns[column].type)

    def _comparisons(self, operand: Operand, comparisons: tuple[ValueComparison, ...]) -> ColumnElement[bool]:
        return sa.and_(
            *(
                OPERATORS[comparison.keyword].lower(operand, comparison.argument, self.moment)
                for comparison in comparisons
            )
        )

    def _purchases(self, purchases: PurchaseCondition) -> ColumnElement[bool]:
        holds = sa.and_(
            *(
                self._comparisons(
                    measure.combine(*(self.column_of(aggregate) for aggregate in aggregates)), comparisons
                )
                for measure, aggregates, comparisons in required_measures(purchases)
            )
        )
        if purchases.source != BOUGHT:
            return holds
        # Without a known permission the lines are forbidden: a NULL here hides them, too (C7).
        return sa.case((sa.not_(self.population.c.no_purchase_detail), holds))

    def _messages(self, messages: MessageCondition) -> ColumnElement[bool]:
        times = LINE_COUNT.combine(self.column_of(message_count(messages)))
        holds = self._comparisons(times, messages.comparisons or AT_LEAST_ONCE)
        return holds if messages.verb == "received" else sa.case((self.population.c.tracking, holds))

    def _redemptions(self, redemptions: RedemptionCondition) -> ColumnElement[bool]:
        times = LINE_COUNT.combine(self.column_of(redemption_count(redemptions)))
        holds = self._comparisons(times, AT_LEAST_ONCE)
        # A coupon says what its member bought: C7 hides it as it hides the lines.
        return sa.case((sa.not_(self.population.c.no_purchase_detail), holds))

    def _sample(self, sample: Sample) -> ColumnElement[bool]:
        key = sa.literal(f"{sample.salt}:", sa.String()) + self.population.c.member_id
        return sa.func.md5(key, type_=sa.String()) < sa.literal(_hash_limit(sample.share), sa.String())


def _hash_limit(share: Decimal) -> str:
    """Return the text that sorts after this share of all MD5 hashes; `g` sorts after every hexadecimal digit."""
    if share >= 1:
        return "g"
    return f"{int(share * 16**_HEX_DIGITS):0{_HEX_DIGITS}x}"
