"""Pages of offers: what each send of a plan shows, chosen piece by piece of its recipients."""

from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import ColumnElement, Integer, Select, TableClause, and_, cast, column, func, literal, select, table

from campaigns.offers import selection
from campaigns.offers.exposure import ROUNDS, ExposureLimits
from campaigns.offers.ranking.offer_items import RankedOffer
from campaigns.offers.ranking.score_offers import create_empty_scores, score_offers
from campaigns.runs.planning.plan_counts import OfferCounts
from campaigns.runs.planning.plan_input import PlanInput
from campaigns.runs.planning.query_session import QuerySession
from campaigns.store.runs.decisions import SEND

_PIECE: Final = 50_000  # recipients: with 150 offers, their candidates take some hundred megabytes
_LEAST_BALANCED: Final = 200
_SAMPLE: Final = 4000  # recipients: enough for shares of a hundredth, a tenth of a second a round
_POPULATION: Final = table("population", column("member_id"), column("no_purchase_detail"))


def choose_pages(
    session: QuerySession, plan_input: PlanInput, settled: TableClause
) -> tuple[TableClause, Sequence[float]]:
    """Create the table `chosen` with the page of every send whose variant shows offers (see `choose_offers`).

    Return it with the handicaps of the offers. A plan of listed members takes those of the input: exposure is that of
    a whole run.
    """
    bare = session.register("bare_offers", selection.offers_table(plan_input.variant_offers, plan_input.as_of))
    handicaps = _register_handicaps(session, _first_handicaps(plan_input))
    with_handicap = bare.join(handicaps, handicaps.c.number == bare.c.number)
    offers = session.create_view("offers", select(*bare.c, handicaps.c.handicap).select_from(with_handicap))
    recipients = session.create_table("offer_recipients", _recipients(plan_input, settled))
    scored = _score(session, plan_input, recipients)
    values = _balance(session, plan_input, (recipients, offers, scored), handicaps)
    chosen = session.create_table(
        "chosen", selection.choose_offers(recipients, offers, scored, recipients.c.piece == 0)
    )
    for piece in range(1, session.count_rows(recipients) // _PIECE + 1):
        session.insert("chosen", selection.choose_offers(recipients, offers, scored, recipients.c.piece == piece))
    return chosen, values


def _balance(
    session: QuerySession,
    plan_input: PlanInput,
    tables: tuple[TableClause, TableClause, TableClause],
    handicaps: TableClause,
) -> Sequence[float]:
    """Find the handicaps of a run on a sample of its ranked recipients; leave them registered, and return them."""
    recipients = tables[0]
    ranked = session.fetch_rows(select(func.count()).where(recipients.c.ranked))[0][0]
    values = _first_handicaps(plan_input)
    if plan_input.members or ranked < _LEAST_BALANCED:
        return values
    in_sample = and_(recipients.c.ranked, recipients.c.number % max(1, ranked // _SAMPLE) == 0)
    sizes = select(recipients.c.variant, func.count()).where(in_sample).group_by(recipients.c.variant)
    limits = ExposureLimits.of_sample(plan_input.variant_offers, dict(session.fetch_rows(sizes)))
    sample = session.create_table("sampled_candidates", selection.candidates(*tables).where(in_sample))
    for _ in range(ROUNDS):
        counted = dict(session.fetch_rows(selection.count_places(sample, handicaps)))
        values = limits.next_handicaps(values, [counted.get(number, 0) for number in range(len(values))])
        _register_handicaps(session, values)
    return values


def _first_handicaps(plan_input: PlanInput) -> Sequence[float]:
    offers = selection.distinct_offers(plan_input.variant_offers)
    return [plan_input.offer_handicaps.get(offer.id, 0.0) for offer in offers]


def _register_handicaps(session: QuerySession, values: Sequence[float]) -> TableClause:
    numbers = pa.array(range(len(values)), pa.int64())
    return session.register("handicaps", pa.table({"number": numbers, "handicap": pa.array(values, pa.float64())}))


def count_offers(
    session: QuerySession,
    plan_input: PlanInput,
    decided: TableClause,
    chosen: TableClause,
    handicaps: Sequence[float],
) -> OfferCounts:
    """Return the ids of the plan's offers, the number of sends that show each, and their handicaps."""
    ids = tuple(offer.id for offer in selection.distinct_offers(plan_input.variant_offers))
    placed = (
        select(func.unnest(chosen.c.offers).label("offer_id"))
        .select_from(chosen.join(decided, decided.c.member_id == chosen.c.member_id))
        .where(decided.c.kind == SEND)
        .subquery("placed")
    )
    rows = session.fetch_rows(select(placed.c.offer_id, func.count()).group_by(placed.c.offer_id)) if ids else []
    numbers: dict[str, int] = dict(rows)
    return ids, tuple(numbers.get(offer_id, 0) for offer_id in ids), tuple(handicaps)


def _recipients(plan_input: PlanInput, settled: TableClause) -> Select[Any]:
    """Select the sends whose variant shows offers: `ranked` unless purchases may not be used, and `piece`."""
    may_rank: ColumnElement[bool] = literal(value=False)
    if plan_input.uses_baskets_for_offers:
        may_rank = ~settled.c.no_purchase_detail
    number = func.row_number().over(order_by=settled.c.member_id) - 1
    return select(
        number.label("number"),
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
