"""Which offers a member sees: those of the categories and brands they buy first, by weight for the rest (A-18)."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import Select, TableClause, and_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from campaigns.clock import midnight, stored
from campaigns.planning.brief import Brief
from campaigns.spec.campaign import OfferChoice
from campaigns.spec.offer import Offer
from campaigns.store.decisions import SEND

WINDOW: Final = timedelta(days=90)
_OF_A_CATEGORY: Final = 2
_SCHEMA: Final = pa.schema(
    [
        ("offer_id", pa.string()),
        ("product_category", pa.string()),
        ("brand", pa.string()),
        ("weight", pa.int64()),
    ]
)


def eligible(offers: Iterable[Offer], choice: OfferChoice | None, day: date) -> tuple[Offer, ...]:
    """The offers on sale on `day` that fit the campaign's choice, the heaviest first."""
    fitting = (offer for offer in offers if offer.valid_from <= day <= offer.valid_to and _fits(offer, choice))
    return tuple(sorted(fitting, key=lambda offer: (-offer.weight, offer.id)))


def _fits(offer: Offer, choice: OfferChoice | None) -> bool:
    if choice is None:
        return True
    asked = (
        (choice.department, offer.department),
        (choice.product_category, offer.product_category),
        (choice.brand, offer.brand),
    )
    return all(not wanted or value in wanted for wanted, value in asked)


def as_columns(offers: Sequence[Offer]) -> pa.Table:
    """The eligible offers as the ranking reads them."""
    rows = [
        {"offer_id": o.id, "product_category": o.product_category, "brand": o.brand, "weight": o.weight} for o in offers
    ]
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def affinity(brief: Brief, decided: TableClause, lines: TableClause) -> Select[Any]:
    """What each member who gets a message spent in 90 days, by product category and brand.

    Members who forbid the use of detailed purchase data (C7) have no row: they see the heaviest offers.
    """
    zone = brief.campaign.schedule.zone
    since = stored(midnight(brief.day - WINDOW, zone))
    return (
        select(
            lines.c.member_id,
            lines.c.product_category,
            lines.c.brand,
            func.sum(lines.c.amount).label("spend"),
        )
        .select_from(lines.join(decided, decided.c.member_id == lines.c.member_id))
        .where(
            decided.c.kind == SEND,
            literal(value=brief.personal_offers),
            ~decided.c.no_purchase_detail,
            lines.c.purchased_at >= since,
            lines.c.purchased_at < stored(brief.as_of),
        )
        .group_by(lines.c.member_id, lines.c.product_category, lines.c.brand)
    )


def ranked(brief: Brief, decided: TableClause, offers: TableClause, affinity: TableClause) -> Select[Any]:
    """For every send that shows offers, `offers`: the ids in the order of the message.

    An offer scores the spend in its product category, twice where the brand is the offer's; then its weight. No more
    than two of a product category are shown, so that a message is not all soap.
    """
    scored = _scored(brief, decided, offers, affinity).subquery("scored")
    best = (scored.c.score.desc(), scored.c.weight.desc(), scored.c.offer_id)
    alike = func.row_number().over(partition_by=(scored.c.position, scored.c.product_category), order_by=best)
    varied = select(*scored.c, alike.label("alike")).subquery("varied")
    best = (varied.c.score.desc(), varied.c.weight.desc(), varied.c.offer_id)
    place = func.row_number().over(partition_by=varied.c.position, order_by=best)
    placed = (
        select(varied.c.position, varied.c.offer_id, place.label("place"))
        .where(varied.c.alike <= _OF_A_CATEGORY)
        .subquery("placed")
    )
    at_most = (brief.campaign.offers or OfferChoice()).at_most
    return (
        select(
            placed.c.position,
            func.array_agg(aggregate_order_by(placed.c.offer_id, placed.c.place)).label("offers"),
        )
        .where(placed.c.place <= at_most)
        .group_by(placed.c.position)
    )


def _scored(brief: Brief, decided: TableClause, offers: TableClause, affinity: TableClause) -> Select[Any]:
    score = func.sum(affinity.c.spend) + func.sum(affinity.c.spend).filter(affinity.c.brand == offers.c.brand)
    variants = (decided.c.variant == name for name in sorted(brief.with_offers))
    showing = and_(decided.c.kind == SEND, or_(literal(value=False), *variants))
    of_category = and_(
        affinity.c.member_id == decided.c.member_id, affinity.c.product_category == offers.c.product_category
    )
    shown = (decided.c.position, offers.c.offer_id, offers.c.product_category, offers.c.weight)
    return (
        select(*shown, func.coalesce(score, func.sum(affinity.c.spend), 0).label("score"))
        .select_from(decided.join(offers, literal(value=True)).outerjoin(affinity, of_category))
        .where(showing)
        .group_by(*shown)
    )
