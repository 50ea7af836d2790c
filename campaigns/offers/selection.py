"""Selection of offers: first from the categories and brands that a member buys, then by weight (A-18)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pyarrow as pa
from sqlalchemy import Select, TableClause, and_, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from campaigns.core.clock import local_day, midnight, to_warehouse_time
from campaigns.core.model.campaign import Campaign, OfferSelection
from campaigns.core.model.offer import Offer
from campaigns.store.runs.decisions import SEND

AFFINITY_WINDOW: Final = timedelta(days=90)
_MAX_PER_CATEGORY: Final = 2
_SCHEMA: Final = pa.schema(
    [
        ("variant", pa.string()),
        ("offer_id", pa.string()),
        ("product_category", pa.string()),
        ("brand", pa.string()),
        ("weight", pa.int64()),
        ("at_most", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class VariantOffers:
    """Offers that a variant may show, the heaviest first, and the maximum number in a message."""

    offers: tuple[Offer, ...]
    at_most: int


def select_offers(
    campaign: Campaign, variants: Iterable[str], offers: Sequence[Offer], day: date
) -> Mapping[str, VariantOffers]:
    """Return the offers, on sale on `day`, of every variant in `variants` that asks for offers."""
    choices = {variant.name: variant.offers or campaign.offers for variant in campaign.variants}
    return {name: _variant_offers(offers, choice, day) for name in variants if (choice := choices[name]) is not None}


def _variant_offers(offers: Sequence[Offer], choice: OfferSelection, day: date) -> VariantOffers:
    eligible = (offer for offer in offers if offer.valid_from <= day <= offer.valid_to and choice.selects(offer))
    return VariantOffers(tuple(sorted(eligible, key=lambda offer: (-offer.weight, offer.id))), choice.at_most)


def offers_table(variant_offers: Mapping[str, VariantOffers]) -> pa.Table:
    """Return the offers of all variants as a table for the ranking."""
    rows = [
        {
            "variant": variant,
            "offer_id": offer.id,
            "product_category": offer.product_category,
            "brand": offer.brand,
            "weight": offer.weight,
            "at_most": variant_selection.at_most,
        }
        for variant, variant_selection in variant_offers.items()
        for offer in variant_selection.offers
    ]
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def affinity(
    decided: TableClause,
    lines: TableClause,
    variant_offers: Mapping[str, VariantOffers],
    as_of: datetime,
    zone: ZoneInfo,
) -> Select[Any]:
    """Select the 90-day spend of each recipient of offers on the offered product categories, by category and brand.

    Members who forbid the use of detailed purchase data (C7) have no row: they see the heaviest offers.
    """
    since = to_warehouse_time(midnight(local_day(as_of, zone) - AFFINITY_WINDOW, zone))
    categories = {
        offer.product_category for variant_selection in variant_offers.values() for offer in variant_selection.offers
    }
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
            decided.c.variant.in_(sorted(variant_offers)),
            lines.c.product_category.in_(sorted(categories)),
            ~decided.c.no_purchase_detail,
            lines.c.purchased_at >= since,
            lines.c.purchased_at < to_warehouse_time(as_of),
        )
        .group_by(lines.c.member_id, lines.c.product_category, lines.c.brand)
    )


def rank_offers(decided: TableClause, offers: TableClause, affinity: TableClause) -> Select[Any]:
    """Select `offers` for every send that shows any: the offer ids in the order of the message.

    The score of an offer is the spend in its product category, twice where the brand is the offer's; then its weight
    counts. The third offer of a product category comes after the best two of all others, for variety in a message.
    """
    scored = _scored(decided, offers, affinity).subquery("scored")
    score_order = (scored.c.score.desc(), scored.c.weight.desc(), scored.c.offer_id)
    rank_in_category = func.row_number().over(
        partition_by=(scored.c.position, scored.c.product_category), order_by=score_order
    )
    varied = select(*scored.c, rank_in_category.label("alike")).subquery("varied")
    order = (varied.c.alike > _MAX_PER_CATEGORY, varied.c.score.desc(), varied.c.weight.desc(), varied.c.offer_id)
    place = func.row_number().over(partition_by=varied.c.position, order_by=order)
    placed = select(varied.c.position, varied.c.offer_id, varied.c.at_most, place.label("place")).subquery("placed")
    return (
        select(
            placed.c.position,
            func.array_agg(aggregate_order_by(placed.c.offer_id, placed.c.place)).label("offers"),
        )
        .where(placed.c.place <= placed.c.at_most)
        .group_by(placed.c.position)
    )


def _scored(decided: TableClause, offers: TableClause, affinity: TableClause) -> Select[Any]:
    score = func.sum(affinity.c.spend) + func.sum(affinity.c.spend).filter(affinity.c.brand == offers.c.brand)
    of_category = and_(
        affinity.c.member_id == decided.c.member_id, affinity.c.product_category == offers.c.product_category
    )
    keys = (decided.c.position, offers.c.offer_id, offers.c.product_category, offers.c.weight, offers.c.at_most)
    return (
        select(*keys, func.coalesce(score, func.sum(affinity.c.spend), 0).label("score"))
        .select_from(decided.join(offers, offers.c.variant == decided.c.variant).outerjoin(affinity, of_category))
        .where(decided.c.kind == SEND)
        .group_by(*keys)
    )
