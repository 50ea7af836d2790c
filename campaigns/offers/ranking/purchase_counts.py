"""Counts of a member's visits with an offer's goods, from one scan of purchases, as SQL for three engines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Double,
    Select,
    Subquery,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    table,
)

from campaigns.core.clock import to_warehouse_time
from campaigns.offers.ranking.offer_items import GOODS

HISTORY: Final = timedelta(days=400)
NEVER: Final = 400.0
"""Days since a purchase of goods that a member never bought."""
LINES: Final = table("purchase_lines", *map(column, ("member_id", "product_id", "purchased_at")))
RECIPIENTS: Final = table("ranked_members", *map(column, ("member_id", "member")))
"""Members whose purchases may be used, by number."""
CALENDAR: Final = table("calendar", column("day"), column("age"))
"""Days of history with their age: a difference of days is written in another way on every engine."""
COUNTS: Final = ("n", "b3", "b10", "b30", "t28", "t90", "s10", "s30", "q30", "share")
"""Counts of visits with an offer's goods, each weighed by how near these goods are to the offer."""


@dataclass(frozen=True, slots=True)
class MemberPiece:
    """Members from `first` to `last` by id. Purchases are stored by member, so a piece reads its own part of them."""

    first: str
    last: str


def calendar(as_of: datetime) -> pa.Table:
    """Return the table `calendar` of the history before `as_of`."""
    today, ages = to_warehouse_time(as_of).date(), range(HISTORY.days + 1)
    days = pa.array([today - timedelta(days=age) for age in ages], pa.date32())
    return pa.table({"day": days, "age": pa.array(ages, pa.int32())})


def purchases_of(as_of: datetime, span: timedelta, pieces: Sequence[MemberPiece]) -> CTE:
    """Return the purchases in a span before an instant, of the members of some pieces, from one scan.

    A visit is what a member bought at one instant. Each has a row for every offer with goods in it, and one without
    offer for its other goods: `weight` is 1 for the offer's own goods, less for goods like them; `lines` sum to the
    lines of the visit.
    """
    line, member, goods, end = LINES.c, RECIPIENTS.c, GOODS.c, to_warehouse_time(as_of)
    keys = (member.member, line.purchased_at, goods.offer)
    joined = LINES.join(RECIPIENTS, member.member_id == line.member_id).outerjoin(
        GOODS, goods.product_id == line.product_id
    )
    in_pieces = or_(literal(value=False), *(line.member_id.between(piece.first, piece.last) for piece in pieces))
    lines = func.sum(func.coalesce(goods.part, 1.0)).label("lines")
    return (
        select(*keys, func.max(goods.weight).label("weight"), lines)
        .select_from(joined)
        .where(line.purchased_at < end, line.purchased_at >= end - span, in_pieces)
        .group_by(*keys)
        .cte("purchases_of_members")
    )


def visits_of(purchases: CTE) -> Select[Any]:
    """Select the visits of each member, with their age in days and their number of lines."""
    keys = (purchases.c.member, purchases.c.purchased_at)
    visits = select(*keys, func.sum(purchases.c.lines).label("size")).group_by(*keys).subquery("visits")
    on_day = cast(visits.c.purchased_at, Date) == CALENDAR.c.day
    return select(*visits.c, CALENDAR.c.age).select_from(visits.join(CALENDAR, on_day))


def offer_visits_of(purchases: CTE) -> Select[Any]:
    """Select the visits with goods of an offer."""
    names = ("member", "purchased_at", "offer", "weight")
    return select(*(purchases.c[name] for name in names)).where(purchases.c.offer.is_not(None))


def offer_counts(as_of: datetime, piece: MemberPiece, least_baskets: int) -> Subquery:
    """Return the counts of each member and offer with purchases of its goods or of goods like them.

    Members with fewer than `least_baskets` have none. `gap` is the member's average of days between visits with the
    offer's own goods (the median is not one function on three engines), `since` the days since the last.
    """
    purchases = purchases_of(as_of, HISTORY, [piece])
    visits = visits_of(purchases).subquery("visits")
    numbered = select(
        *visits.c,
        (func.row_number().over(partition_by=visits.c.member, order_by=visits.c.purchased_at.desc()) - 1.0).label(
            "ago"
        ),
        cast(func.count().over(partition_by=visits.c.member), Double).label("visits"),
    ).subquery("numbered")
    n = numbered.c
    weighted = (
        select(
            n.member,
            n.purchased_at,
            n.age,
            n.visits,
            *(func.exp(-n.ago / float(span)).label(f"e{span}") for span in (3, 10, 30)),
            *(func.exp(-n.age / float(span)).label(f"d{span}") for span in (28, 90)),
            (func.exp(-n.ago / 10.0) / n.size).label("s10"),
            (func.exp(-n.ago / 30.0) / n.size).label("s30"),
            (func.exp(-n.ago / 30.0) / func.sqrt(n.size, type_=Double)).label("q30"),
        )
        .where(n.visits >= least_baskets)
        .subquery("weighted")
    )
    offer_visits = offer_visits_of(purchases).subquery("offer_visits")
    w, o = weighted.c, offer_visits.c
    values = {"b3": w.e3, "b10": w.e10, "b30": w.e30, "t28": w.d28, "t90": w.d90}
    sums = {
        "n": func.sum(o.weight),
        **{name: func.sum(o.weight * value) for name, value in values.items()},
        **{name: func.sum(o.weight * w[name]) for name in ("s10", "s30", "q30")},
        "share": func.sum(o.weight) / func.max(w.visits),
    }
    of_offers = (
        select(
            o.member,
            o.offer,
            *(value.label(name) for name, value in sums.items()),
            total_where(o.weight >= 1).label("own"),
            func.min(case((o.weight >= 1, w.age))).label("since"),
            func.max(case((o.weight >= 1, w.age))).label("first"),
            func.max(case((o.weight >= 1, o.purchased_at))).label("last_bought_at"),
        )
        .select_from(offer_visits.join(weighted, and_(w.member == o.member, w.purchased_at == o.purchased_at)))
        .group_by(o.member, o.offer)
        .subquery("of_offers")
    )
    c = of_offers.c
    return select(
        c.member,
        c.offer,
        *(c[name] for name in (*COUNTS, "own", "last_bought_at")),
        func.coalesce(c.since, NEVER).label("since"),
        case((c.own > 1, (c.first - c.since) / (c.own - 1.0)), else_=0.0).label("gap"),
    ).subquery("offer_counts")


def total_where(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    """Return the number of rows for which a condition holds, as a floating number."""
    return func.sum(case((condition, 1.0), else_=0.0))
