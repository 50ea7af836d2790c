"""Terms of the ranking: numbers about a member's purchases of an offer's goods, and about these goods."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import log
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, case, func, literal, select

from campaigns.offers.ranking.offer_facts import OFFER_FACTS
from campaigns.offers.ranking.purchase_counts import COUNTS, NEVER, MemberPiece, offer_counts

DEFINITIONS_VERSION: Final = 1
"""Rises with every change of what a term means: a model of another version does not fit."""


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
    Term("since", TermGroup.RECENT, _log("since", 1.0), log(NEVER + 1.0)),
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


def member_terms(as_of: datetime, piece: MemberPiece, least_baskets: int) -> Select[Any]:
    """Select the terms of each member and offer with a history, by the member's number."""
    counts, facts = offer_counts(as_of, piece, least_baskets), OFFER_FACTS
    values = {**facts.c, **counts.c}
    return select(
        counts.c.member,
        facts.c.offer_id,
        *(term.expression(values).label(term.name) for term in TERMS),
        counts.c.own.label("own_baskets"),
        counts.c.since.label("days_since"),
        counts.c.gap.label("days_between"),
        counts.c.last_bought_at,
        facts.c.of_brand,
    ).select_from(counts.join(facts, facts.c.offer == counts.c.offer))


def default_terms() -> Select[Any]:
    """Select the terms of each offer for a member without purchases of its goods or of goods like them."""
    facts = OFFER_FACTS
    zero: dict[str, ColumnElement[Any]] = {name: literal(0.0) for name in (*COUNTS, "gap")}
    values = {**facts.c, **zero, "since": literal(NEVER)}
    return select(facts.c.offer_id, *(term.expression(values).label(term.name) for term in TERMS))
