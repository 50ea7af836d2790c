"""Facts of an offer's goods over all members: how popular they are, and how often their buyers come back."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import ColumnElement, Select, and_, case, column, func, literal, select, table

from campaigns.offers.ranking.offer_items import OFFERS
from campaigns.offers.ranking.purchase_counts import MemberPiece, offer_visits_of, purchases_of, total_where, visits_of

UNKNOWN: Final = {"share_7": 0.0, "share_28": 0.0, "repeat_rate": 0.2, "basket_share": 0.1}
"""Facts of goods that nobody has bought."""
OFFER_FACTS: Final = table("offer_facts", *map(column, ("offer", "offer_id", "of_brand", *UNKNOWN, "lines")))
KNOWN_FACTS: Final = table("known_facts", *map(column, ("offer_id", *UNKNOWN)))
_PRESENT: Final = timedelta(days=90)
_SHORT, _LONG = 7, 28
_DECIMALS: Final = 1_000_000_000


def offer_facts(as_of: datetime, pieces: Sequence[MemberPiece]) -> Select[Any]:
    """Select the facts of every offer over the members of `ranked_members` in `pieces`: the table `offer_facts`.

    `share_7` and `share_28` are parts of all visits of these days, summed over its goods and those like them by weight;
    `repeat_rate` is the part of buyers of its own goods with a second visit, drawn towards 0.2 by five; `basket_share`
    the mean of 1 / lines of the visits with these goods. `lines` are all lines that were counted. Facts have nine
    decimals, so that plans and engines that add up in another order agree.
    """
    purchases = purchases_of(as_of, _PRESENT, pieces)
    visits = visits_of(purchases).subquery("all_visits")
    offer_visits = offer_visits_of(purchases).subquery("all_offer_visits")
    v, o = visits.c, offer_visits.c
    totals = select(
        *(_recent(v.age, days, 1.0).label(f"total_{days}") for days in (_SHORT, _LONG)),
        func.coalesce(func.sum(v.size), 0.0).label("lines"),
    ).subquery("totals")
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
    buyers = total_where(by_member.c.n >= 1)
    facts = (
        select(
            by_member.c.offer,
            *(func.sum(by_member.c[f"n_{days}"]).label(f"n_{days}") for days in (_SHORT, _LONG)),
            ((total_where(by_member.c.n >= 2) + 1.0) / (buyers + 5.0)).label("repeat_rate"),
            (func.sum(by_member.c.sized) + 0.1).label("sized"),
            (func.sum(by_member.c.n) + 1.0).label("n"),
        )
        .group_by(by_member.c.offer)
        .subquery("facts")
    )

    def share(days: int) -> ColumnElement[Any]:
        total = totals.c[f"total_{days}"]
        return facts.c[f"n_{days}"] / case((total < 1, 1.0), else_=total)

    known = {
        "share_7": share(_SHORT),
        "share_28": share(_LONG),
        "repeat_rate": facts.c.repeat_rate,
        "basket_share": facts.c.sized / facts.c.n,
    }
    values = (_rounded(func.coalesce(value, UNKNOWN[name])).label(name) for name, value in known.items())
    joined = OFFERS.join(totals, literal(1) == literal(1)).outerjoin(facts, facts.c.offer == OFFERS.c.offer)
    return select(*OFFERS.c, *values, totals.c.lines).select_from(joined)


def _rounded(value: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.floor(value * _DECIMALS + 0.5) / float(_DECIMALS)


def _recent(age: ColumnElement[Any], days: int, value: Any) -> ColumnElement[Any]:
    return func.coalesce(func.sum(case((age <= days, value), else_=0.0)), 0.0)


def with_known_facts() -> Select[Any]:
    """Select the facts of every offer from the table `known_facts`; those of unknown goods for the others."""
    known = {name: func.coalesce(KNOWN_FACTS.c[name], value).label(name) for name, value in UNKNOWN.items()}
    joined = OFFERS.outerjoin(KNOWN_FACTS, KNOWN_FACTS.c.offer_id == OFFERS.c.offer_id)
    return select(*OFFERS.c, *known.values(), literal(0.0).label("lines")).select_from(joined)


def known_facts(facts: Mapping[str, Sequence[float]]) -> pa.Table:
    """Return the table `known_facts` of facts by offer id, each in the order of `UNKNOWN`."""
    rows = [{"offer_id": offer_id, **dict(zip(UNKNOWN, values, strict=True))} for offer_id, values in facts.items()]
    names = [("offer_id", pa.string()), *((name, pa.float64()) for name in UNKNOWN)]
    return pa.Table.from_pylist(rows, schema=pa.schema(names))
