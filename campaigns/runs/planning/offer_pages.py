"""Pages of offers: what each send of a plan shows, chosen piece by piece of its recipients."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, Select, TableClause, cast, column, func, literal, select, table

from campaigns.offers import selection
from campaigns.offers.ranking.offer_items import RankedOffer
from campaigns.offers.ranking.score_offers import create_empty_scores, score_offers
from campaigns.runs.planning.plan_counts import OfferCounts
from campaigns.runs.planning.plan_input import PlanInput
from campaigns.runs.planning.query_session import QuerySession
from campaigns.store.runs.decisions import SEND

_PIECE: Final = 50_000  # recipients: with 150 offers, their candidates take some hundred megabytes
_POPULATION: Final = table("population", column("member_id"), column("no_purchase_detail"))


def choose_pages(session: QuerySession, plan_input: PlanInput, settled: TableClause) -> TableClause:
    """Create the table `chosen` with the page of every send whose variant shows offers (see `choose_offers`)."""
    offers = session.register("offers", selection.offers_table(plan_input.variant_offers, plan_input.as_of))
    recipients = session.create_table("offer_recipients", _recipients(plan_input, settled))
    scored = _score(session, plan_input, recipients)
    pieces = session.count_rows(recipients) // _PIECE + 1

    def page(piece: int) -> Select[Any]:
        return selection.choose_offers(recipients, offers, scored, recipients.c.piece == piece)

    chosen = session.create_table("chosen", page(0))
    for piece in range(1, pieces):
        session.insert("chosen", page(piece))
    return chosen


def count_offers(
    session: QuerySession, plan_input: PlanInput, decided: TableClause, chosen: TableClause
) -> OfferCounts:
    """Return the ids of the plan's offers, and the number of sends that show each."""
    ids = tuple(offer.id for offer in selection.distinct_offers(plan_input.variant_offers))
    shown = (
        select(func.unnest(chosen.c.offers).label("offer_id"))
        .select_from(chosen.join(decided, decided.c.member_id == chosen.c.member_id))
        .where(decided.c.kind == SEND)
        .subquery("placed")
    )
    rows = session.fetch_rows(select(shown.c.offer_id, func.count()).group_by(shown.c.offer_id)) if ids else []
    numbers: dict[str, int] = dict(rows)
    return ids, tuple(numbers.get(offer_id, 0) for offer_id in ids)


def _recipients(plan_input: PlanInput, settled: TableClause) -> Select[Any]:
    """Select the sends whose variant shows offers: `ranked` unless purchases may not be used, and `piece`."""
    may_rank: ColumnElement[bool] = literal(value=False)
    if plan_input.uses_baskets_for_offers:
        may_rank = ~settled.c.no_purchase_detail
    number = func.row_number().over(order_by=settled.c.member_id) - 1
    return select(
        settled.c.member_id,
        settled.c.variant,
        may_rank.label("ranked"),
        cast(func.floor(number / float(_PIECE)), Integer).label("piece"),
    ).where(settled.c.reason.is_(None), settled.c.variant.in_(sorted(plan_input.variant_offers)))


def _score(session: QuerySession, plan_input: PlanInput, recipients: TableClause) -> TableClause:
    if not plan_input.uses_baskets_for_offers:
        return create_empty_scores(session)
    ranked = session.create_view("ranked_recipients", select(recipients.c.member_id).where(recipients.c.ranked))
    allowing = select(_POPULATION.c.member_id).where(~_POPULATION.c.no_purchase_detail)
    return score_offers(
        session,
        ranked,
        session.create_view("popular_with", allowing),
        _ranked_offers(plan_input),
        plan_input.ranking_model,
        plan_input.as_of,
    )


def _ranked_offers(plan_input: PlanInput) -> Sequence[RankedOffer]:
    return [RankedOffer.of_offer(offer) for offer in selection.distinct_offers(plan_input.variant_offers)]
