"""Selection of offers: a page for each member, the best first, from what the ranking says of them (A-18)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import (
    ColumnElement,
    Double,
    Select,
    String,
    TableClause,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from campaigns.core.clock import to_warehouse_time
from campaigns.core.model.campaign import Campaign, OfferSelection
from campaigns.core.model.offer import Offer
from campaigns.core.model.offer_reason import OfferReasonKind

_DEFAULT: Final = ""
_SPREAD: Final = 1.0
"""Log odds by which chance may lift an offer about which a member's purchases say nothing: without it, all of these
members would see the same page."""
_STRIDE, _FIRST_FACTOR = 37, 1009  # factors that spread one draw over the offers
_SCHEMA: Final = pa.schema(
    [
        ("variant", pa.string()),
        ("offer_id", pa.string()),
        ("number", pa.int64()),
        ("product_category", pa.string()),
        ("weight", pa.int64()),
        ("at_most", pa.int64()),
        ("explore", pa.int64()),
        ("of_category", pa.int64()),
        ("bought_before", pa.timestamp("us")),
    ]
)


@dataclass(frozen=True, slots=True)
class VariantOffers:
    """Offers that a variant may show, the heaviest first, and how many stand in a message (see OfferSelection)."""

    offers: tuple[Offer, ...]
    choice: OfferSelection


def select_offers(
    campaign: Campaign, variants: Iterable[str], offers: Sequence[Offer], day: date
) -> Mapping[str, VariantOffers]:
    """Return the offers, on sale on `day`, of every variant in `variants` that asks for offers."""
    choices = {variant.name: variant.offers or campaign.offers for variant in campaign.variants}
    return {name: _variant_offers(offers, choice, day) for name in variants if (choice := choices[name]) is not None}


def _variant_offers(offers: Sequence[Offer], choice: OfferSelection, day: date) -> VariantOffers:
    eligible = (offer for offer in offers if offer.valid_from <= day <= offer.valid_to and choice.selects(offer))
    return VariantOffers(tuple(sorted(eligible, key=lambda offer: (-offer.weight, offer.id))), choice)


def distinct_offers(variant_offers: Mapping[str, VariantOffers]) -> tuple[Offer, ...]:
    """Return the offers of all variants by id, each once: a decision names them by their number in this order."""
    offers = {offer.id: offer for variant in variant_offers.values() for offer in variant.offers}
    return tuple(offers[offer_id] for offer_id in sorted(offers))


def offers_table(variant_offers: Mapping[str, VariantOffers], as_of: datetime) -> pa.Table:
    """Return the offers of all variants as a table, with the numbers of their selection and of `distinct_offers`."""
    numbers = {offer.id: number for number, offer in enumerate(distinct_offers(variant_offers))}
    rows = [
        {
            "variant": variant,
            "offer_id": offer.id,
            "number": numbers[offer.id],
            "product_category": offer.product_category,
            "weight": offer.weight,
            "at_most": choice.at_most,
            "explore": choice.explore,
            "of_category": choice.of_category,
            "bought_before": None if choice.not_within is None else to_warehouse_time(as_of - choice.not_within),
        }
        for variant, (offers, choice) in ((name, (each.offers, each.choice)) for name, each in variant_offers.items())
        for offer in offers
    ]
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def choose_offers(
    recipients: TableClause, offers: TableClause, scored: TableClause, condition: ColumnElement[bool]
) -> Select[Any]:
    """Select the page of each recipient for whom `condition` holds: `offers`, `offer_reasons`, `number` and `short`.

    `recipients` has `member_id`, `variant`, `ranked` (whether purchases may rank) and `draw`, a number from 0 to 1.
    `offers` is `offers_table` with a `handicap`; `scored` is the table of `score_offers`. Without ranking, offers stand
    by weight, then by popularity, without reasons. Offers above `of_category` of a product category come after the best
    of all others. The last `explore` places go to goods that the member does not buy. `short` is the form that the
    ledger keeps (see `core.model.offer_reason`).
    """
    ordered = _ordered(candidates(recipients, offers, scored).where(condition)).subquery("ordered")
    beyond = ordered.c.rank > ordered.c.at_most - ordered.c.explore
    explorer = and_(beyond, ordered.c.is_new)
    new_rank = func.row_number().over(partition_by=(ordered.c.member_id, explorer), order_by=ordered.c.rank)
    explored = and_(explorer, new_rank <= ordered.c.explore)
    with_new = select(*ordered.c, beyond.label("beyond"), explored.label("explored")).subquery("with_new")
    last = case((~with_new.c.beyond, 0), (with_new.c.explored, 1), else_=2)
    place = func.row_number().over(partition_by=with_new.c.member_id, order_by=(last, with_new.c.rank))
    reason = case((with_new.c.explored, literal(OfferReasonKind.NEW.value)), else_=with_new.c.reason)
    placed = select(
        *(with_new.c[name] for name in ("member_id", "offer_id", "number", "at_most")),
        reason.label("reason"),
        place.label("place"),
    ).subquery("placed")
    part = func.concat(cast(placed.c.number, String), func.coalesce(placed.c.reason, literal("")))
    return (
        select(
            placed.c.member_id,
            func.array_agg(aggregate_order_by(placed.c.offer_id, placed.c.place)).label("offers"),
            func.array_agg(aggregate_order_by(placed.c.reason, placed.c.place)).label("offer_reasons"),
            func.string_agg(part, aggregate_order_by(literal_column("' '"), placed.c.place)).label("short"),
            func.count().label("number"),
        )
        .where(placed.c.place <= placed.c.at_most)
        .group_by(placed.c.member_id)
    )


def count_places(sample: TableClause, handicaps: TableClause) -> Select[Any]:
    """Select the number of places of each offer, by its number, among sampled `candidates` with other handicaps."""
    first = (sample.c.first - handicaps.c.handicap).label("first")
    changed = select(*(each for each in sample.c if each.name != "first"), first).select_from(
        sample.join(handicaps, handicaps.c.number == sample.c.number)
    )
    ordered = _ordered(changed).subquery("ordered")
    chosen = ordered.c.rank <= ordered.c.at_most
    return select(ordered.c.number, func.count()).where(chosen).group_by(ordered.c.number)


def candidates(recipients: TableClause, offers: TableClause, scored: TableClause) -> Select[Any]:
    """Select each recipient's offers with the two numbers by which they stand, `reason`, and whether goods are new."""
    own, default = scored.alias("own"), scored.alias("of_everybody")
    of_member = and_(
        recipients.c.ranked, own.c.member_id == recipients.c.member_id, own.c.offer_id == offers.c.offer_id
    )
    of_everybody = and_(default.c.member_id == _DEFAULT, default.c.offer_id == offers.c.offer_id)
    popular = func.coalesce(default.c.score, 0.0)
    weight = cast(offers.c.weight, Double)
    ranked = recipients.c.ranked
    score = func.coalesce(own.c.score, popular + _SPREAD * _chance(recipients.c.draw, offers.c.number))
    return (
        select(
            recipients.c.member_id,
            *(
                offers.c[name]
                for name in ("offer_id", "number", "product_category", "at_most", "explore", "of_category")
            ),
            case((ranked, score - offers.c.handicap), else_=weight).label("first"),
            case((ranked, weight), else_=popular).label("second"),
            case((ranked, func.coalesce(own.c.reason, default.c.reason)), else_=null()).label("reason"),
            and_(ranked, own.c.last_bought_at.is_(None)).label("is_new"),
        )
        .select_from(
            recipients.join(offers, offers.c.variant == recipients.c.variant)
            .outerjoin(own, of_member)
            .outerjoin(default, of_everybody)
        )
        .where(func.coalesce(own.c.last_bought_at < offers.c.bought_before, literal(value=True)))
    )


def _chance(draw: ColumnElement[Any], number: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a number from 0 to 1 for a member's `draw` and an offer, as if drawn at random, always the same."""
    product = draw * (number * _STRIDE + _FIRST_FACTOR)
    return product - func.floor(product)


def _ordered(rows: Select[Any]) -> Select[Any]:
    """Select candidates with their `rank` among those of their member."""
    eligible = rows.subquery("eligible")
    order = (eligible.c.first.desc(), eligible.c.second.desc(), eligible.c.offer_id)
    alike = func.row_number().over(partition_by=(eligible.c.member_id, eligible.c.product_category), order_by=order)
    varied = select(*eligible.c, (alike > eligible.c.of_category).label("too_many")).subquery("varied")
    varied_order = (varied.c.too_many, varied.c.first.desc(), varied.c.second.desc(), varied.c.offer_id)
    rank = func.row_number().over(partition_by=varied.c.member_id, order_by=varied_order)
    return select(*varied.c, rank.label("rank"))
