"""Terms of the ranking: numbers about a member's purchases of an offer's goods, as one statement for three engines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import exp, log
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import (
    ColumnElement,
    Double,
    Select,
    Subquery,
    case,
    cast,
    column,
    func,
    literal,
    select,
    table,
)
from sqlalchemy import Date as SqlDate

from campaigns.core.clock import to_warehouse_time
from campaigns.offers.ranking.offer_items import GOODS, OFFER_ITEM, ItemLevel

DEFINITIONS_VERSION: Final = 1
"""Rises with every change of what a term means: a model of another version does not fit."""
HISTORY: Final = timedelta(days=400)
_SHORT, _LONG = 7, 28
_NEVER: Final = 400.0  # days since goods that a member never bought

LINES: Final = table("purchase_lines", *map(column, ("member_id", "basket_id", "product_id", "purchased_at")))
RECIPIENTS: Final = table("ranked_members", column("member_id"), column("piece"))
"""Members whose purchases may be used, each in one piece of the work."""
CALENDAR: Final = table("calendar", *map(column, ("day", "age", "d28", "d90")))
"""Days of history: age in days, and the weights of counts that decay by days."""
POPULARITY: Final = table("popularity", *map(column, ("item", "share_7", "share_28", "repeat_rate", "basket_share")))
"""Facts of a set of goods over all members: shares of baskets of 7 and 28 days, and more; see `popularity`."""

COUNTS: Final = ("n", "b3", "b10", "b30", "t28", "t90", "sz", "s1", "s10", "s30", "q30", "share")
"""Counts of baskets with an offer's goods, that are summed over its sets of goods by their weights."""


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
    Term("sized_root", TermGroup.OFTEN, _log("sz", 1.0)),
    Term("sized", TermGroup.OFTEN, _log("s1", 0.02), log(0.02)),
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
    Term("log_repeat_rate", TermGroup.POPULAR, _log("repeat_rate", 0.01)),
)
TERM_NAMES: Final = tuple(term.name for term in TERMS)


def calendar(as_of: datetime) -> pa.Table:
    """Return the table `calendar` of the history before `as_of`."""
    today = to_warehouse_time(as_of).date()
    ages = range(HISTORY.days + 1)
    days: list[date] = [today - timedelta(days=age) for age in ages]
    decays = {f"d{span}": pa.array([exp(-age / span) for age in ages], pa.float64()) for span in (28, 90)}
    return pa.table({"day": pa.array(days, pa.date32()), "age": pa.array(map(float, ages), pa.float64()), **decays})


def popularity(as_of: datetime) -> Select[Any]:
    """Select the facts of each set of goods over the members of `ranked_members`: the columns of `popularity`.

    `share_7` and `share_28` are parts of all baskets of these days; `repeat_rate` is the part of buyers with a second
    basket, drawn towards 0.2 by five; `basket_share` the mean of 1 / lines of the baskets with these goods.
    """
    baskets = _baskets(as_of, None).subquery("all_baskets")
    item_baskets = _item_baskets(as_of, None).subquery("all_item_baskets")
    totals = select(
        *((func.count().filter(baskets.c.age <= days) + 0.0).label(f"total_{days}") for days in (_SHORT, _LONG))
    ).subquery("totals")
    joined = item_baskets.join(baskets, baskets.c.basket_id == item_baskets.c.basket_id)
    by_member = (
        select(
            item_baskets.c.item,
            item_baskets.c.member_id,
            func.count().label("n"),
            func.sum(1.0 / baskets.c.size).label("sized"),
            *(func.count().filter(baskets.c.age <= days).label(f"n_{days}") for days in (_SHORT, _LONG)),
        )
        .select_from(joined)
        .group_by(item_baskets.c.item, item_baskets.c.member_id)
        .subquery("by_member")
    )
    facts = (
        select(
            by_member.c.item,
            *(func.sum(by_member.c[f"n_{days}"]).label(f"n_{days}") for days in (_SHORT, _LONG)),
            ((func.count().filter(by_member.c.n >= 2) + 1.0) / (func.count() + 5.0)).label("repeat_rate"),
            (func.sum(by_member.c.sized) / func.sum(by_member.c.n)).label("basket_share"),
        )
        .group_by(by_member.c.item)
        .subquery("facts")
    )

    def share(days: int) -> ColumnElement[Any]:
        total = totals.c[f"total_{days}"]
        return (cast(facts.c[f"n_{days}"], Double) / case((total < 1, 1.0), else_=total)).label(f"share_{days}")

    return select(facts.c.item, share(_SHORT), share(_LONG), facts.c.repeat_rate, facts.c.basket_share).select_from(
        facts.join(totals, literal(1) == literal(1))
    )


def _baskets(as_of: datetime, piece: int | None) -> Select[Any]:
    """Select the baskets: member, time, age in days, number of lines."""
    lines = LINES.c
    baskets = (
        select(
            lines.member_id,
            lines.basket_id,
            func.min(lines.purchased_at).label("bought_at"),
            (func.count() + 0.0).label("size"),
        )
        .select_from(LINES.join(RECIPIENTS, RECIPIENTS.c.member_id == lines.member_id))
        .where(*_within(as_of, piece))
        .group_by(lines.member_id, lines.basket_id)
        .subquery("sized_baskets")
    )
    return select(*baskets.c, CALENDAR.c.age, CALENDAR.c.d28, CALENDAR.c.d90).select_from(
        baskets.join(CALENDAR, cast(baskets.c.bought_at, SqlDate) == CALENDAR.c.day)
    )


def _item_baskets(as_of: datetime, piece: int | None) -> Select[Any]:
    """Select the baskets with goods of a set, each once a set."""
    lines = LINES.c
    joined = LINES.join(GOODS, GOODS.c.product_id == lines.product_id).join(
        RECIPIENTS, RECIPIENTS.c.member_id == lines.member_id
    )
    return (
        select(lines.member_id, lines.basket_id, GOODS.c.item)
        .select_from(joined)
        .where(*_within(as_of, piece))
        .distinct()
    )


def _within(as_of: datetime, piece: int | None) -> tuple[ColumnElement[bool], ...]:
    end = to_warehouse_time(as_of)
    bounds = (LINES.c.purchased_at < end, LINES.c.purchased_at >= end - HISTORY)
    return bounds if piece is None else (*bounds, RECIPIENTS.c.piece == piece)


def offer_counts(as_of: datetime, piece: int | None, least_baskets: int) -> Subquery:
    """Return the counts of each member and offer with purchases of its goods or of those above them.

    Members with fewer than `least_baskets` have none. `gap` is the member's average of days between baskets with the
    offer's own goods (the median is not one function on three engines), `since` the days since the last.
    """
    baskets = _baskets(as_of, piece).subquery("baskets")
    newest_first = (baskets.c.bought_at.desc(), baskets.c.basket_id.desc())
    of_member = func.row_number().over(partition_by=baskets.c.member_id, order_by=newest_first)
    numbered = select(
        *baskets.c,
        (of_member - 1.0).label("ago"),
        (func.count().over(partition_by=baskets.c.member_id) + 0.0).label("baskets"),
    ).subquery("numbered")
    weighted = (
        select(
            numbered.c.basket_id,
            numbered.c.bought_at,
            numbered.c.age,
            numbered.c.d28,
            numbered.c.d90,
            numbered.c.baskets,
            *(func.exp(-numbered.c.ago / float(span)).label(f"e{span}") for span in (3, 10, 30)),
            (1.0 / numbered.c.size).label("inverse"),
            (1.0 / func.sqrt(numbered.c.size)).label("root"),
        )
        .where(numbered.c.baskets >= least_baskets)
        .subquery("weighted")
    )
    w, item_baskets = weighted.c, _item_baskets(as_of, piece).subquery("item_baskets")
    sums = {
        "n": func.count() + 0.0,
        "b3": func.sum(w.e3),
        "b10": func.sum(w.e10),
        "b30": func.sum(w.e30),
        "t28": func.sum(w.d28),
        "t90": func.sum(w.d90),
        "sz": func.sum(w.root),
        "s1": func.sum(w.inverse),
        "s10": func.sum(w.e10 * w.inverse),
        "s30": func.sum(w.e30 * w.inverse),
        "q30": func.sum(w.e30 * w.root),
        "share": (func.count() + 0.0) / func.max(w.baskets),
    }
    of_items = (
        select(
            item_baskets.c.member_id,
            item_baskets.c.item,
            *(value.label(name) for name, value in sums.items()),
            func.min(w.age).label("since"),
            func.max(w.age).label("first"),
            func.max(w.bought_at).label("last_bought_at"),
        )
        .select_from(item_baskets.join(weighted, w.basket_id == item_baskets.c.basket_id))
        .group_by(item_baskets.c.member_id, item_baskets.c.item)
        .subquery("of_items")
    )
    i, o = of_items.c, OFFER_ITEM.c
    gap = case((i.n > 1, (i.first - i.since) / (i.n - 1.0)), else_=0.0)
    return (
        select(
            i.member_id,
            o.offer_id,
            *(func.sum(o.weight * i[name]).label(name) for name in COUNTS),
            func.coalesce(func.max(i.n).filter(o.own), 0.0).label("own"),
            func.coalesce(func.max(i.since).filter(o.own), _NEVER).label("since"),
            func.coalesce(func.max(gap).filter(o.own), 0.0).label("gap"),
            func.max(i.last_bought_at).filter(o.own).label("last_bought_at"),
            func.max(case((o.level == ItemLevel.BRAND.value, 1.0), else_=0.0)).label("of_brand"),
        )
        .select_from(of_items.join(OFFER_ITEM, o.item == i.item))
        .group_by(i.member_id, o.offer_id)
        .subquery("offer_counts")
    )


def offer_facts() -> Subquery:
    """Return the facts of each offer: of its own goods, with the popularity of those above them by weight."""
    p, o = POPULARITY.c, OFFER_ITEM.c
    shares = (
        func.sum(o.weight * func.coalesce(p[f"share_{days}"], 0.0)).label(f"share_{days}") for days in (_SHORT, _LONG)
    )
    return (
        select(
            o.offer_id,
            *shares,
            func.coalesce(func.max(p.repeat_rate).filter(o.own), 0.2).label("repeat_rate"),
            func.coalesce(func.max(p.basket_share).filter(o.own), 0.1).label("basket_share"),
        )
        .select_from(OFFER_ITEM.outerjoin(POPULARITY, p.item == o.item))
        .group_by(o.offer_id)
        .subquery("offer_facts")
    )


def member_terms(as_of: datetime, piece: int | None, least_baskets: int) -> Select[Any]:
    """Select the terms of each member and offer with a history, with `own_baskets`, `days_since`, `days_between`."""
    counts, facts = offer_counts(as_of, piece, least_baskets), offer_facts()
    values = {**facts.c, **counts.c}
    return select(
        counts.c.member_id,
        counts.c.offer_id,
        *(term.expression(values).label(term.name) for term in TERMS),
        counts.c.own.label("own_baskets"),
        counts.c.since.label("days_since"),
        counts.c.gap.label("days_between"),
        counts.c.last_bought_at,
        counts.c.of_brand,
    ).select_from(counts.join(facts, facts.c.offer_id == counts.c.offer_id))


def default_terms() -> Select[Any]:
    """Select the terms of each offer for a member without purchases of its goods or of those above them."""
    facts = offer_facts()
    zero: dict[str, ColumnElement[Any]] = {name: literal(0.0) for name in (*COUNTS, "gap")}
    values = {**facts.c, **zero, "since": literal(_NEVER)}
    return select(facts.c.offer_id, *(term.expression(values).label(term.name) for term in TERMS))
