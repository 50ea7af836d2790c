"""Scores of offers: the model's formula over the terms, one statement a piece of members, with a reason for each."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    FromClause,
    Select,
    String,
    TableClause,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    null,
    select,
    table,
)
from sqlalchemy import DateTime as SqlDateTime

from campaigns.core.model.offer_reason import OfferReasonKind
from campaigns.offers.ranking.offer_items import RankedOffer
from campaigns.offers.ranking.offer_terms import NO_FACTS, RankingSession, create_term_tables
from campaigns.offers.ranking.purchase_counts import RECIPIENTS
from campaigns.offers.ranking.ranking_model import RankingModel
from campaigns.offers.ranking.terms import TERMS, TermGroup

SCORED: Final = table("scored", *map(column, ("member_id", "offer_id", "score", "reason", "last_bought_at")))
"""Scores by member and offer; rows with an empty `member_id` are for members without purchases of an offer's goods."""
_DIGITS: Final = 1_000_000  # of a score: sums differ in their last bits from engine to engine
_REGULAR_BASKETS: Final = 3
_ROUNDED: Final = ((14, 1), (60, 7))  # days up to the first number are rounded to the second; longer ones to months
_MONTH: Final = 30


def score_offers(
    session: RankingSession,
    recipients: TableClause,
    population: TableClause,
    offers: Sequence[RankedOffer],
    model: RankingModel,
    as_of: datetime,
    facts: Mapping[str, Sequence[float]] = NO_FACTS,
) -> TableClause:
    """Create the table `scored` of the session from the views `purchase_lines` and `products`.

    `recipients` and `population` have `member_id`: the members to score for, and those whose purchases make goods
    popular; members who forbid the use of their purchase lines must be in neither. `facts` are those of an earlier
    ranking (see `create_term_tables`). A member without a row for an offer has the score of the row with an empty
    `member_id`. Scores are log odds, to six decimals; `reason` is the short form of an `OfferReason`; `last_bought_at`
    is the last purchase of the offer's own goods, UTC without a zone.
    """
    tables = create_term_tables(session, recipients, population, offers, as_of, facts)
    session.create_table("scored", default_scores(tables.default_terms(), model))
    for piece in tables.member_terms():
        session.insert("scored", member_scores(piece, model))
    return SCORED


def create_empty_scores(session: RankingSession) -> TableClause:
    """Create the table `scored` without rows, for messages that may not use purchases."""
    columns = (literal("").label("member_id"), literal("").label("offer_id"), cast(0.0, Double).label("score"))
    nothing = (cast(null(), String).label("reason"), cast(null(), SqlDateTime).label("last_bought_at"))
    session.create_table("scored", select(*columns, *nothing).where(literal(1) == literal(0)))
    return SCORED


def member_scores(terms: Select[Any], model: RankingModel) -> Select[Any]:
    """Select the scores of members' terms, with the group of terms that weighed most as the reason."""
    rows = terms.subquery("member_terms")
    scored = select(
        rows.c.member,
        rows.c.offer_id,
        score(rows, model).label("score"),
        _reason(rows, model).label("reason"),
        rows.c.last_bought_at,
    ).subquery("scores_of_members")
    values = (scored.c[name] for name in ("offer_id", "score", "reason", "last_bought_at"))
    return select(RECIPIENTS.c.member_id, *values).select_from(
        scored.join(RECIPIENTS, RECIPIENTS.c.member == scored.c.member)
    )


def default_scores(terms: Select[Any], model: RankingModel) -> Select[Any]:
    """Select the scores of offers for members without purchases that speak of them."""
    rows = terms.subquery("default_terms")
    return select(
        literal("").label("member_id"),
        rows.c.offer_id,
        score(rows, model).label("score"),
        literal(OfferReasonKind.POPULAR.value).label("reason"),
        cast(null(), SqlDateTime).label("last_bought_at"),
    )


def score(rows: FromClause, model: RankingModel) -> ColumnElement[Any]:
    """Return the formula over columns of terms: log odds, rounded to six decimals."""
    parts = _parts(rows, model, [term.name for term in TERMS])
    constant = model.intercept - sum(
        model.coefficients[term.name] * model.means[term.name] / model.scales[term.name] for term in TERMS
    )
    return func.floor((constant + parts) * _DIGITS + 0.5) / float(_DIGITS)


def _parts(rows: FromClause, model: RankingModel, names: Iterable[str]) -> ColumnElement[Any]:
    total: ColumnElement[Any] = literal(0.0)
    for name in names:
        factor = model.coefficients[name] / model.scales[name]
        if factor:
            total = total + rows.c[name] * literal(factor)
    return total


def _reason(rows: FromClause, model: RankingModel) -> ColumnElement[Any]:
    """Return the short form of the reason: of goods like these, or of the offer's own by the terms that add most.

    A group of terms adds what it adds beyond a member who never bought such goods.
    """
    gains = {group: _gain(rows, model, group) for group in (TermGroup.REGULAR, TermGroup.OFTEN, TermGroup.RECENT)}
    has_rhythm = and_(rows.c.own_baskets >= _REGULAR_BASKETS, rows.c.days_between > 0)
    regular, often, recent = gains.values()
    days = (_rounded_days(rows.c.days_between), _rounded_days(rows.c.days_since))
    texts = [cast(cast(number, BigInteger), String) for number in days]
    return case(
        (rows.c.own_baskets == 0, literal(OfferReasonKind.SIMILAR.value)),
        (rows.c.of_brand, literal(OfferReasonKind.BRAND.value)),
        (
            and_(has_rhythm, regular >= often, regular >= recent),
            literal(OfferReasonKind.REGULAR.value) + texts[0] + literal(",") + texts[1],
        ),
        (recent > often, literal(OfferReasonKind.RECENT.value)),
        else_=literal(OfferReasonKind.OFTEN.value),
    )


def _gain(rows: FromClause, model: RankingModel, group: str) -> ColumnElement[Any]:
    """Return what the terms of a group add to the score, beyond those of a member without such purchases."""
    members = [term for term in TERMS if term.group == group]
    nothing = sum(model.coefficients[term.name] * term.nothing / model.scales[term.name] for term in members)
    return _parts(rows, model, [term.name for term in members]) - nothing


def _rounded_days(days: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return days as a person would say them: exact to two weeks, then to weeks, from two months on to months."""
    (short, _), (medium, week) = _ROUNDED
    whole = func.floor(days + 0.5)
    to_weeks = func.floor(days / float(week) + 0.5) * week
    to_months = func.floor(days / float(_MONTH) + 0.5) * _MONTH
    return case((days <= short, whole), (days <= medium, to_weeks), else_=to_months)
