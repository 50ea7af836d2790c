"""Terms of the ranking: numbers about a member's purchases of an offer's goods, as one statement for three engines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log
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
    select,
    table,
)

from campaigns.core.clock import to_warehouse_time
from campaigns.offers.ranking.offer_items import GOODS, OFFERS

DEFINITIONS_VERSION: Final = 1
"""Rises with every change of what a term means: a model of another version does not fit."""
HISTORY: Final = timedelta(days=400)
_PRESENT: Final = timedelta(days=90)  # history of the facts about goods
_SHORT, _LONG = 7, 28
_NEVER: Final = 400.0  # days since goods that a member never bought

LINES: Final = table("purchase_lines", *map(column, ("member_id", "basket_id", "product_id", "purchased_at")))
RECIPIENTS: Final = table("ranked_members", *map(column, ("member_id", "member", "piece")))
"""Members whose purchases may be used, by number, each in one piece of the work."""
POPULARITY: Final = table("popularity", *map(column, ("offer", "share_7", "share_28", "repeat_rate", "basket_share")))
"""Facts of an offer's goods over all members; see `popularity`."""
CALENDAR: Final = table("calendar", column("day"), column("age"))
"""Days of history with their age: a difference of days is written in another way on every engine."""

COUNTS: Final = ("n", "b3", "b10", "b30", "t28", "t90", "s10", "s30", "q30", "share")
"""Counts of visits with an offer's goods, each weighed by how near these goods are to the offer."""


class TermGroup:
    """Groups of terms that a reason names; `POPULAR` holds facts that are the same for every member."""

    REGULAR = "regular"
    OFTEN = "often"
    RECENT = "recent"
    POPULAR = "popular"


@dataclass(frozen=True, slots=True)
class Term:
    """Term of the formula: its SQL over the counts of a member and an offer, and the reason it belongs to.

    `nothing` is its value without purchases of such goods; of no meaning in the group `POPULAR`.
    """

    name: str
    group: str
    expression: Callable[[Mapping[str, ColumnElement[Any]]], ColumnElement[Any]]
    nothing: float = 0.0


def _log(name: str, offset: float) -> Callable[[Mapping[str, ColumnElement[Any]]], ColumnElement[Any]]:
    return lambda counts: func.ln(counts[name] + offset)


def _when_gap(
    value: Callable[[ColumnElement[Any]], ColumnElement[Any]],
) -> Callable[[Mapping[str, ColumnElement[Any]]], ColumnElement[Any]]:
    """Return a term of the overdue ratio, days since the last purchase over the member's own gap; 0 without a gap."""

    def term(counts: Mapping[str, ColumnElement[Any]]) -> ColumnElement[Any]:
        ratio = counts["since"] / case((counts["gap"] < 1, 1.0), else_=counts["gap"])
        return case((counts["gap"] > 0, value(ratio)), else_=0.0)

    return term


TERMS: Final = (
    Term("seen", TermGroup.OFTEN, lambda c: case((c["n"] > 0, 1.0), else_=0.0)),
    Term("count", TermGroup.OFTEN, _log("n", 1.0)),
    Term("count_3_baskets", TermGroup.RECENT, _log("b3", 1.0)),
    Term("count_10_baskets", TermGroup.RECENT, _log("b10", 1.0)),
    Term("count_30_baskets", TermGroup.OFTEN, _log("b30", 1.0)),
    Term("count_28_days", TermGroup.RECENT, _log("t28", 1.0)),
    Term("count_90_days", TermGroup.OFTEN, _log("t90", 1.0)),
    Term("share", TermGroup.OFTEN, lambda c: c["share"]),
    Term("log_share", TermGroup.OFTEN, _log("share", 0.01), log(0.01)),
    Term("since", TermGroup.RECENT, _log("since", 1.0), log(_NEVER + 1.0)),
    Term("overdue", TermGroup.REGULAR, _when_gap(lambda ratio: case((ratio > 4, 4.0), else_=ratio))),
    Term("early", TermGroup.REGULAR, _when_gap(lambda ratio: case((ratio < 1, 1 - ratio), else_=0.0))),
    Term("has_gap", TermGroup.REGULAR, lambda c: case((c["gap"] > 0, 1.0), else_=0.0)),
    Term("sized_10_baskets", TermGroup.RECENT, _log("s10", 0.02), log(0.02)),
    Term("sized_30_baskets", TermGroup.OFTEN, _log("s30", 0.02), log(0.02)),
    Term("sized_root_30_baskets", TermGroup.OFTEN, _log("q30", 0.05), log(0.05)),
    Term("seen_repeated", TermGroup.OFTEN, lambda c: case((c["n"] > 0, c["repeat_rate"]), else_=0.0)),
    Term("basket_share", TermGroup.POPULAR, _log("basket_share", 0.001)),
    Term("expected_share", TermGroup.POPULAR, lambda c: func.ln(c["basket_share"] * c["share_28"] + 0.00001)),
    Term("popularity_7", TermGroup.POPULAR, _log("share_7", 0.0001)),
    Term("popularity_28", TermGroup.POPULAR, _log("share_28", 0.0001)),
    Term("trend", TermGroup.POPULAR, lambda c: func.ln((c["share_7"] + 0.0005) / (c["share_28"] + 0.0005))),
    Term("repeat_rate", TermGroup.POPULAR, lambda c: c["repeat_rate"]),
)
TERM_NAMES: Final = tuple(term.name for term in TERMS)


def calendar(as_of: datetime) -> pa.Table:
    """Return the table `calendar` of the history before `as_of`."""
    today, ages = to_warehouse_time(as_of).date(), range(HISTORY.days + 1)
    days = pa.array([today - timedelta(days=age) for age in ages], pa.date32())
    return pa.table({"day": days, "age": pa.array(ages, pa.int32())})


def popularity(as_of: datetime) -> Select[Any]:
    """Select the facts of each offer over the members of `ranked_members`: the columns of `popularity`.

    `share_7` and `share_28` are parts of all visits of these days, summed over its goods and those like them by weight;
    `repeat_rate` is the part of buyers of its own goods with a second visit, drawn towards 0.2 by five; `basket_share`
    the mean of 1 / lines of the visits with these goods.
    """
    purchases = _purchases(as_of, _PRESENT, None)
    visits = _visits(purchases).subquery("all_visits")
    offer_visits = _offer_visits(purchases).subquery("all_offer_visits")
    v, o = visits.c, offer_visits.c
    totals = select(*(_recent(v.age, days, 1.0).label(f"total_{days}") for days in (_SHORT, _LONG))).subquery("totals")
    own = func.sum(case((o.weight >= 1, 1.0), else_=0.0))
    by_member = (
        select(
            o.offer,
            o.member,
            own.label("n"),
            func.sum(case((o.weight >= 1, 1.0 / v.size), else_=0.0)).label("sized"),
            *(_recent(v.age, days, o.weight).label(f"n_{days}") for days in (_SHORT, _LONG)),
        )
        .select_from(offer_visits.join(visits, and_(v.member == o.member, v.purchased_at == o.purchased_at)))
        .group_by(o.offer, o.member)
        .subquery("by_member")
    )
    buyers = _total_where(by_member.c.n >= 1)
    facts = (
        select(
            by_member.c.offer,
            *(func.sum(by_member.c[f"n_{days}"]).label(f"n_{days}") for days in (_SHORT, _LONG)),
            ((_total_where(by_member.c.n >= 2) + 1.0) / (buyers + 5.0)).label("repeat_rate"),
            (func.sum(by_member.c.sized) + 0.1).label("sized"),
            (func.sum(by_member.c.n) + 1.0).label("n"),
        )
        .group_by(by_member.c.offer)
        .subquery("facts")
    )

    def share(days: int) -> ColumnElement[Any]:
        total = totals.c[f"total_{days}"]
        return (facts.c[f"n_{days}"] / case((total < 1, 1.0), else_=total)).label(f"share_{days}")

    basket_share = (facts.c.sized / facts.c.n).label("basket_share")
    joined = facts.join(totals, literal(1) == literal(1))
    return select(facts.c.offer, share(_SHORT), share(_LONG), facts.c.repeat_rate, basket_share).select_from(joined)


def _recent(age: ColumnElement[Any], days: int, value: Any) -> ColumnElement[Any]:
    return func.coalesce(func.sum(case((age <= days, value), else_=0.0)), 0.0)


def _total_where(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.sum(case((condition, 1.0), else_=0.0))


def _purchases(as_of: datetime, span: timedelta, piece: int | None) -> CTE:
    """Return the purchases in a span before an instant, of the members of a piece (None: of all), from one scan.

    A visit is what a member bought at one instant. Each has a row for every offer with goods in it, and one without
    offer for its other goods: `weight` is 1 for the offer's own goods, less for goods like them; `lines` sum to the
    lines of the visit.
    """
    line, member, goods, end = LINES.c, RECIPIENTS.c, GOODS.c, to_warehouse_time(as_of)
    keys = (member.member, line.purchased_at, goods.offer)
    joined = LINES.join(RECIPIENTS, member.member_id == line.member_id).outerjoin(
        GOODS, goods.product_id == line.product_id
    )
    of_piece = () if piece is None else (member.piece == piece,)
    lines = func.sum(func.coalesce(goods.part, 1.0)).label("lines")
    return (
        select(*keys, func.max(goods.weight).label("weight"), lines)
        .select_from(joined)
        .where(line.purchased_at < end, line.purchased_at >= end - span, *of_piece)
        .group_by(*keys)
        .cte("purchases_of_members")
    )


def _visits(purchases: CTE) -> Select[Any]:
    """Select the visits of each member, with their age in days and their number of lines."""
    keys = (purchases.c.member, purchases.c.purchased_at)
    visits = select(*keys, func.sum(purchases.c.lines).label("size")).group_by(*keys).subquery("visits")
    on_day = cast(visits.c.purchased_at, Date) == CALENDAR.c.day
    return select(*visits.c, CALENDAR.c.age).select_from(visits.join(CALENDAR, on_day))


def _offer_visits(purchases: CTE) -> Select[Any]:
    """Select the visits with goods of an offer."""
    names = ("member", "purchased_at", "offer", "weight")
    return select(*(purchases.c[name] for name in names)).where(purchases.c.offer.is_not(None))


def offer_counts(as_of: datetime, piece: int | None, least_baskets: int) -> Subquery:
    """Return the counts of each member and offer with purchases of its goods or of goods like them.

    Members with fewer than `least_baskets` have none. `gap` is the member's average of days between visits with the
    offer's own goods (the median is not one function on three engines), `since` the days since the last.
    """
    purchases = _purchases(as_of, HISTORY, piece)
    visits = _visits(purchases).subquery("visits")
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
    offer_visits = _offer_visits(purchases).subquery("offer_visits")
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
            _total_where(o.weight >= 1).label("own"),
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
        func.coalesce(c.since, _NEVER).label("since"),
        case((c.own > 1, (c.first - c.since) / (c.own - 1.0)), else_=0.0).label("gap"),
    ).subquery("offer_counts")


def offer_facts() -> Subquery:
    """Return the facts of every offer, with those of unknown goods for an offer that nobody has bought."""
    p, o = POPULARITY.c, OFFERS.c
    neutral = {"share_7": 0.0, "share_28": 0.0, "repeat_rate": 0.2, "basket_share": 0.1}
    facts = (func.coalesce(p[name], value).label(name) for name, value in neutral.items())
    return (
        select(o.offer, o.offer_id, o.of_brand, *facts)
        .select_from(OFFERS.outerjoin(POPULARITY, p.offer == o.offer))
        .subquery("offer_facts")
    )


def member_terms(as_of: datetime, piece: int | None, least_baskets: int) -> Select[Any]:
    """Select the terms of each member and offer with a history, with `own_baskets`, `days_since`, `days_between`."""
    counts, facts = offer_counts(as_of, piece, least_baskets), offer_facts()
    values = {**facts.c, **counts.c}
    return select(
        RECIPIENTS.c.member_id,
        facts.c.offer_id,
        *(term.expression(values).label(term.name) for term in TERMS),
        counts.c.own.label("own_baskets"),
        counts.c.since.label("days_since"),
        counts.c.gap.label("days_between"),
        counts.c.last_bought_at,
        facts.c.of_brand,
    ).select_from(
        counts.join(facts, facts.c.offer == counts.c.offer).join(RECIPIENTS, RECIPIENTS.c.member == counts.c.member)
    )


def default_terms() -> Select[Any]:
    """Select the terms of each offer for a member without purchases of its goods or of goods like them."""
    facts = offer_facts()
    zero: dict[str, ColumnElement[Any]] = {name: literal(0.0) for name in (*COUNTS, "gap")}
    values = {**facts.c, **zero, "since": literal(_NEVER)}
    return select(facts.c.offer_id, *(term.expression(values).label(term.name) for term in TERMS))
