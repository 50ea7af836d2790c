"""Selection of offers: those that a member wants most by the ranking, then by weight (A-18)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import Double, Select, TableClause, and_, case, cast, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from campaigns.core.model.campaign import Campaign, OfferSelection
from campaigns.core.model.offer import Offer
from campaigns.offers.ranking.offer_items import RankedOffer
from campaigns.store.runs.decisions import SEND

_MAX_PER_CATEGORY: Final = 2
_SCHEMA: Final = pa.schema(
    [
        ("variant", pa.string()),
        ("offer_id", pa.string()),
        ("product_category", pa.string()),
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
            "weight": offer.weight,
            "at_most": variant_selection.at_most,
        }
        for variant, variant_selection in variant_offers.items()
        for offer in variant_selection.offers
    ]
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def ranked_offers(variant_offers: Mapping[str, VariantOffers]) -> tuple[RankedOffer, ...]:
    """Return the offers of all variants as the ranking sees them, each once, by id."""
    offers = {offer.id: offer for selected in variant_offers.values() for offer in selected.offers}
    return tuple(RankedOffer.of_offer(offers[name]) for name in sorted(offers))


def rank_offers(decided: TableClause, offers: TableClause, scored: TableClause) -> Select[Any]:
    """Select `offers` for every send that shows any: the offer ids in the order of the message.

    Offers come by their score for the member, else that of a member who never bought such goods; members who forbid
    the use of detailed purchase data (C7) see them by weight, then popularity. The third offer of a product category
    comes after the best two of all others, for variety in a message.
    """
    rows = _scored(decided, offers, scored).subquery("rows_of_sends")
    score_order = (rows.c.first.desc(), rows.c.second.desc(), rows.c.offer_id)
    rank_in_category = func.row_number().over(
        partition_by=(rows.c.position, rows.c.product_category), order_by=score_order
    )
    varied = select(*rows.c, rank_in_category.label("alike")).subquery("varied")
    order = (varied.c.alike > _MAX_PER_CATEGORY, varied.c.first.desc(), varied.c.second.desc(), varied.c.offer_id)
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


def _scored(decided: TableClause, offers: TableClause, scored: TableClause) -> Select[Any]:
    """Select every offer of each send with two numbers to order by: score and weight, or weight and popularity."""
    own, default = scored.alias("own"), scored.alias("by_default")
    of_member = and_(
        own.c.member_id == decided.c.member_id, own.c.offer_id == offers.c.offer_id, ~decided.c.no_purchase_detail
    )
    of_nobody = and_(default.c.member_id == "", default.c.offer_id == offers.c.offer_id)
    popularity, weight = func.coalesce(default.c.score, 0.0), cast(offers.c.weight, Double)
    score = func.coalesce(own.c.score, popularity)
    return (
        select(
            decided.c.position,
            offers.c.offer_id,
            offers.c.product_category,
            offers.c.at_most,
            case((decided.c.no_purchase_detail, weight), else_=score).label("first"),
            case((decided.c.no_purchase_detail, popularity), else_=weight).label("second"),
        )
        .select_from(
            decided.join(offers, offers.c.variant == decided.c.variant)
            .outerjoin(own, of_member)
            .outerjoin(default, of_nobody)
        )
        .where(decided.c.kind == SEND)
    )
