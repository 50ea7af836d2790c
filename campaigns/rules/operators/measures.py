"""What `bought` and `shopped` measure over the lines of one member: one record a measure, written out in MEASURES."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from campaigns.core.model.enums import ColumnType
from campaigns.core.model.localised_text import Localised
from campaigns.rules.operators.operator import Nothing, Operand

BOUGHT: Final = "bought"
SHOPPED: Final = "shopped"


class Unit(StrEnum):
    """How the numbers of a measure are said."""

    NUMBER = "number"
    MONEY = "money"
    SHARE = "share"
    DAY = "day"
    TIMES = "times"


class Total(StrEnum):
    """An aggregate that the warehouse computes over the lines a condition asks about."""

    LINES = "lines"
    VISITS = "visits"
    SPEND = "spend"
    QUANTITY = "quantity"
    PRODUCTS = "products"
    FIRST = "first"
    LAST = "last"
    BASE = "base"  # the spend that a share is a share of


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure. `combine` makes the left side of its tests from the columns of `totals`, in their order."""

    word: str
    type: ColumnType
    totals: tuple[Total, ...]
    noun: Localised
    unit: Unit = Unit.NUMBER
    sources: frozenset[str] = frozenset({BOUGHT, SHOPPED})
    over_nothing: Nothing = Nothing.ZERO
    combine: Callable[..., Operand]


def _counted(type_: ColumnType) -> Callable[[ColumnElement[Any]], Operand]:
    return lambda total: Operand(_or_zero(total), type_)


def _instant(total: ColumnElement[Any]) -> Operand:
    return Operand(total, ColumnType.TIMESTAMP)


def _average(spend: ColumnElement[Any], visits: ColumnElement[Any]) -> Operand:
    return Operand(_or_zero(spend), ColumnType.DECIMAL, per=sa.func.nullif(visits, sa.literal_column("0")))


def _share(spend: ColumnElement[Any], base: ColumnElement[Any]) -> Operand:
    # A base of nothing, or of more returned than bought, has no shares.
    return Operand(_or_zero(spend), ColumnType.DECIMAL, per=sa.case((base > sa.literal_column("0"), base)))


def _or_zero(total: ColumnElement[Any]) -> ColumnElement[Any]:
    return sa.func.coalesce(total, sa.literal_column("0"))


visits = Measure(
    word="visits",
    type=ColumnType.INTEGER,
    unit=Unit.TIMES,
    totals=(Total.VISITS,),
    combine=_counted(ColumnType.INTEGER),
    noun=Localised(fi="ostokertojen määrä", sv="antalet köptillfällen", en="the number of visits"),
)

spend = Measure(
    word="spend",
    type=ColumnType.DECIMAL,
    unit=Unit.MONEY,
    totals=(Total.SPEND,),
    combine=_counted(ColumnType.DECIMAL),
    noun=Localised(fi="näiden ostosten summa", sv="summan av dessa köp", en="the total of these purchases"),
)

quantity = Measure(
    word="quantity",
    type=ColumnType.DECIMAL,
    totals=(Total.QUANTITY,),
    combine=_counted(ColumnType.DECIMAL),
    noun=Localised(fi="ostettu määrä", sv="den köpta mängden", en="the quantity bought"),
)

products = Measure(
    word="products",
    type=ColumnType.INTEGER,
    sources=frozenset({BOUGHT}),
    totals=(Total.PRODUCTS,),
    combine=_counted(ColumnType.INTEGER),
    noun=Localised(fi="eri tuotteiden määrä", sv="antalet olika produkter", en="the number of different products"),
)

average = Measure(
    word="average",
    type=ColumnType.DECIMAL,
    unit=Unit.MONEY,
    totals=(Total.SPEND, Total.VISITS),
    combine=_average,
    over_nothing=Nothing.UNKNOWN,
    noun=Localised(fi="keskiostos", sv="medelköpet", en="the average spend a visit"),
)

first = Measure(
    word="first",
    type=ColumnType.TIMESTAMP,
    unit=Unit.DAY,
    totals=(Total.FIRST,),
    combine=_instant,
    over_nothing=Nothing.UNKNOWN,
    noun=Localised(fi="ensimmäinen näistä ostoksista", sv="det första av dessa köp", en="the first of these purchases"),
)

last = Measure(
    word="last",
    type=ColumnType.TIMESTAMP,
    unit=Unit.DAY,
    totals=(Total.LAST,),
    combine=_instant,
    over_nothing=Nothing.UNKNOWN,  # no visit at all is neither long ago nor lately
    noun=Localised(fi="viimeisin näistä ostoksista", sv="det senaste av dessa köp", en="the latest of these purchases"),
)

share_of_spend = Measure(
    word="share_of_spend",
    type=ColumnType.DECIMAL,
    unit=Unit.SHARE,
    sources=frozenset({BOUGHT}),
    totals=(Total.SPEND, Total.BASE),
    combine=_share,
    over_nothing=Nothing.UNKNOWN,
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

# What "at least one visit" is asked of when the rule does not say `visits`: cheaper than counting distinct receipts.
PRESENCE: Final = Measure(
    word="lines",
    type=ColumnType.INTEGER,
    totals=(Total.LINES,),
    combine=_counted(ColumnType.INTEGER),
    noun=visits.noun,
)
