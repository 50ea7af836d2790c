"""Measures of `bought` and `shopped` over one member's lines: one record a measure, registered in MEASURES."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from campaigns.core.model.enums import ColumnType
from campaigns.core.model.localised_text import Localised
from campaigns.rules.operators.operator import NullHandling, Operand

BOUGHT: Final = "bought"
SHOPPED: Final = "shopped"


class MeasureUnit(StrEnum):
    """Unit in which the numbers of a measure are described."""

    NUMBER = "number"
    MONEY = "money"
    SHARE = "share"
    DAY = "day"
    TIMES = "times"


class AggregateKind(StrEnum):
    """Kind of aggregate that the warehouse computes over the lines of a condition."""

    LINES = "lines"
    VISITS = "visits"
    SPEND = "spend"
    QUANTITY = "quantity"
    PRODUCTS = "products"
    FIRST = "first"
    LAST = "last"
    BASE = "base"  # the total spend of which `share_of_spend` is a share


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Measure of purchases. `combine` builds the left side of comparisons from the columns of `aggregates`."""

    keyword: str
    type: ColumnType
    aggregates: tuple[AggregateKind, ...]
    noun: Localised
    unit: MeasureUnit = MeasureUnit.NUMBER
    sources: frozenset[str] = frozenset({BOUGHT, SHOPPED})
    null_handling: NullHandling = NullHandling.ZERO
    combine: Callable[..., Operand]


def _zero_if_none(type_: ColumnType) -> Callable[[ColumnElement[Any]], Operand]:
    return lambda total: Operand(_or_zero(total), type_)


def _instant(total: ColumnElement[Any]) -> Operand:
    return Operand(total, ColumnType.TIMESTAMP)


def _average(spend: ColumnElement[Any], visits: ColumnElement[Any]) -> Operand:
    return Operand(_or_zero(spend), ColumnType.DECIMAL, denominator=sa.func.nullif(visits, sa.literal_column("0")))


def _share(spend: ColumnElement[Any], base: ColumnElement[Any]) -> Operand:
    # Without spend in the base, or with more returned than bought, there is no share: NULL.
    return Operand(_or_zero(spend), ColumnType.DECIMAL, denominator=sa.case((base > sa.literal_column("0"), base)))


def _or_zero(total: ColumnElement[Any]) -> ColumnElement[Any]:
    return sa.func.coalesce(total, sa.literal_column("0"))


visits = Measure(
    keyword="visits",
    type=ColumnType.INTEGER,
    unit=MeasureUnit.TIMES,
    aggregates=(AggregateKind.VISITS,),
    combine=_zero_if_none(ColumnType.INTEGER),
    noun=Localised(fi="ostokertojen määrä", sv="antalet köptillfällen", en="the number of visits"),
)

spend = Measure(
    keyword="spend",
    type=ColumnType.DECIMAL,
    unit=MeasureUnit.MONEY,
    aggregates=(AggregateKind.SPEND,),
    combine=_zero_if_none(ColumnType.DECIMAL),
    noun=Localised(fi="näiden ostosten summa", sv="summan av dessa köp", en="the total of these purchases"),
)

quantity = Measure(
    keyword="quantity",
    type=ColumnType.DECIMAL,
    aggregates=(AggregateKind.QUANTITY,),
    combine=_zero_if_none(ColumnType.DECIMAL),
    noun=Localised(fi="ostettu määrä", sv="den köpta mängden", en="the quantity bought"),
)

products = Measure(
    keyword="products",
    type=ColumnType.INTEGER,
    sources=frozenset({BOUGHT}),
    aggregates=(AggregateKind.PRODUCTS,),
    combine=_zero_if_none(ColumnType.INTEGER),
    noun=Localised(fi="eri tuotteiden määrä", sv="antalet olika produkter", en="the number of different products"),
)

average = Measure(
    keyword="average",
    type=ColumnType.DECIMAL,
    unit=MeasureUnit.MONEY,
    aggregates=(AggregateKind.SPEND, AggregateKind.VISITS),
    combine=_average,
    null_handling=NullHandling.UNKNOWN,
    noun=Localised(fi="keskiostos", sv="medelköpet", en="the average spend a visit"),
)

first = Measure(
    keyword="first",
    type=ColumnType.TIMESTAMP,
    unit=MeasureUnit.DAY,
    aggregates=(AggregateKind.FIRST,),
    combine=_instant,
    null_handling=NullHandling.UNKNOWN,
    noun=Localised(fi="ensimmäinen näistä ostoksista", sv="det första av dessa köp", en="the first of these purchases"),
)

last = Measure(
    keyword="last",
    type=ColumnType.TIMESTAMP,
    unit=MeasureUnit.DAY,
    aggregates=(AggregateKind.LAST,),
    combine=_instant,
    null_handling=NullHandling.UNKNOWN,  # without visits there is no last visit to compare
    noun=Localised(fi="viimeisin näistä ostoksista", sv="det senaste av dessa köp", en="the latest of these purchases"),
)

share_of_spend = Measure(
    keyword="share_of_spend",
    type=ColumnType.DECIMAL,
    unit=MeasureUnit.SHARE,
    sources=frozenset({BOUGHT}),
    aggregates=(AggregateKind.SPEND, AggregateKind.BASE),
    combine=_share,
    null_handling=NullHandling.UNKNOWN,
    noun=Localised(fi="niiden osuus {base}", sv="deras andel av {base}", en="their share of {base}"),
)

MEASURES: Final[dict[str, Measure]] = {
    "visits": visits,
    "spend": spend,
    "quantity": quantity,
    "products": products,
    "average": average,
    "first": first,
    "last": last,
    "share_of_spend": share_of_spend,
}

# For the implied "at least one visit" of a rule without `visits`: cheaper than counting distinct receipts.
LINE_COUNT: Final = Measure(
    keyword="lines",
    type=ColumnType.INTEGER,
    aggregates=(AggregateKind.LINES,),
    combine=_zero_if_none(ColumnType.INTEGER),
    noun=visits.noun,
)
