"""Results of a run's offers: messages that showed them, clicks by place, and purchases beside those held out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import reduce
from itertools import chain
from typing import Final

from campaigns.core.errors import UserError
from campaigns.core.model.campaign import Campaign
from campaigns.core.model.offer import Offer
from campaigns.offers.offer_address import campaign_address
from campaigns.offers.ranking.offer_items import RankedOffer
from campaigns.results.reports import click_counts
from campaigns.results.reports.lift import ADDRESSED, Comparison, compare_with_holdout
from campaigns.results.reports.offer_purchases import OfferPurchases, PlaceCount, count_places_only
from campaigns.results.reports.shown_offers import ShownOffers
from campaigns.results.reports.statistics import Proportion
from campaigns.runs.engine import Engine
from campaigns.runs.planning.plan_counts import PlanCounts
from campaigns.store.runs import link_clicks
from campaigns.store.runs.link_clicks import LinkClicks
from campaigns.store.runs.run_tables import Run

FEWEST_SHOWN: Final = 10
"""Messages with an offer in a place below which clicks of everybody are left out: they would tell who clicked."""


class UnreadPurchases(StrEnum):
    """Reason why purchases of the offers' goods are not counted; `{until}` is the end of the window."""

    NOTHING_SENT = "nothing was sent"
    TOO_EARLY = "too early: it is measured once, after {until}"
    FROM_PARTNER = "purchases are not read for a partner's messages"
    UNPROTECTED = "purchases are not read while the catalogue protects no special goods; see `viesti check`"


@dataclass(frozen=True, slots=True)
class OfferResult:
    """Result of an offer in one `place` of its messages, or in all places (None).

    `people` clicked, of the `trackable` who allow it to be noted; `clicks` are of everybody, `machines` of filters and
    previews: None where so few messages would tell of whom. `bought` are those of the `measurable` who bought the
    offer's goods within the window; None where it is not measured.
    """

    offer_id: str
    place: int | None
    messages: int
    trackable: int
    people: int
    clicks: int | None
    machines: int | None
    measurable: int
    bought: int | None


@dataclass(frozen=True, slots=True)
class OfferResults:
    """Results of a run's offers: `rows` of each offer in all places, followed by its places, the most shown first.

    `comparisons` have by offer what share of units bought its goods, of all addressed and of those held out, whether
    or not a message showed it to them.
    """

    rows: Sequence[OfferResult]
    comparisons: Mapping[str, Sequence[Comparison]]
    unread: UnreadPurchases | None


def offer_results(
    engine: Engine,
    run: Run,
    campaign: Campaign,
    offers: Mapping[str, Offer],
    window: tuple[datetime, datetime] | None,
) -> OfferResults | None:
    """Return the results of a run's offers; None for a run without any.

    `offers` are those that may still be shown, and `window` the time in which purchases count, None before it begins.
    """
    offer_ids, number = PlanCounts.from_json(run.counts).offer_ids, run.number or 0
    if not offer_ids:
        return None
    definition = engine.run_definitions.files(run).definition
    pieces = ShownOffers.of_run(definition, campaign, offer_ids, offers).pieces(engine.context.ledger, number)
    unread = _unread_purchases(engine, campaign, window)
    if unread is not None or window is None:
        places = _add_up(map(count_places_only, pieces))
        return OfferResults(_rows(engine, run, campaign, offers, places), {}, unread)
    goods = [RankedOffer.of_offer(offers[name]) if name in offers else RankedOffer(name) for name in offer_ids]
    with OfferPurchases.between(engine, goods, *window) as purchases:
        places = _add_up(map(purchases.count_places, pieces))
        units = purchases.count_units(engine, number)
    minimum = engine.context.repository.settings.effect.minimum
    comparisons = {
        name: _comparisons({cohort: shares[index] for cohort, shares in units.items()}, minimum)
        for index, name in enumerate(offer_ids)
        if name in offers
    }
    return OfferResults(_rows(engine, run, campaign, offers, places), comparisons, None)


def _unread_purchases(
    engine: Engine, campaign: Campaign, window: tuple[datetime, datetime] | None
) -> UnreadPurchases | None:
    if campaign.from_partner:
        return UnreadPurchases.FROM_PARTNER
    if window is None:
        return UnreadPurchases.NOTHING_SENT
    if engine.context.clock.now() < window[1]:
        return UnreadPurchases.TOO_EARLY
    try:
        engine.context.repository.goods_protection.require_special()
    except UserError:
        return UnreadPurchases.UNPROTECTED
    return None


def _add_up(pieces: Iterable[Iterable[PlaceCount]]) -> dict[int, list[PlaceCount]]:
    """Return the sums over the pieces: the places of each offer, by its number."""
    sums: dict[tuple[int, int], PlaceCount] = {}
    for each in chain.from_iterable(pieces):
        key = each.offer, each.place
        sums[key] = each if key not in sums else sums[key].plus(each)
    places: dict[int, list[PlaceCount]] = {}
    for (offer, _), count in sorted(sums.items()):
        places.setdefault(offer, []).append(count)
    return places


def _comparisons(units: Mapping[str, Proportion], minimum: int) -> Sequence[Comparison]:
    addressed = units.get(ADDRESSED)
    if addressed is None:
        return ()
    holdouts = ((cohort, units[cohort]) for cohort in sorted(units) if cohort != ADDRESSED)
    return [compare_with_holdout(cohort, addressed, held_out, minimum) for cohort, held_out in holdouts]


def _rows(
    engine: Engine,
    run: Run,
    campaign: Campaign,
    offers: Mapping[str, Offer],
    places: Mapping[int, Sequence[PlaceCount]],
) -> Sequence[OfferResult]:
    with engine.context.ledger.read() as connection:
        clicks = {link.name: link for link in link_clicks.click_counts(connection, run.number or 0)}
        people = click_counts.people_by_link(connection, run.number or 0)
    offer_ids = PlanCounts.from_json(run.counts).offer_ids
    groups: list[list[OfferResult]] = []
    for number, counts in places.items():
        offer = offers[offer_ids[number]]  # others are in no place
        links = {place: _link_name(offer, campaign, place) for place in (*(each.place for each in counts), None)}
        of_places = [_result(offer.id, each.place, each, [links[each.place]], clicks, people) for each in counts]
        total = _result(offer.id, None, reduce(PlaceCount.plus, counts), list(links.values()), clicks, people)
        groups.append([total, *of_places])
    groups.sort(key=lambda group: (-group[0].messages, group[0].offer_id))
    return list(chain.from_iterable(groups))


def _link_name(offer: Offer, campaign: Campaign, place: int | None) -> str:
    """Return our own name for the link of an offer; empty for an offer without a page."""
    if offer.url is None:
        return ""
    return link_clicks.link_name(campaign_address(offer.url, campaign.name, offer.id), place)


def _result(
    offer_id: str,
    place: int | None,
    count: PlaceCount,
    links: Sequence[str],
    clicks: Mapping[str, LinkClicks],
    people: Mapping[str, int],
) -> OfferResult:
    counted = [clicks[link] for link in links if link in clicks]
    is_told = count.messages >= FEWEST_SHOWN
    return OfferResult(
        offer_id,
        place,
        count.messages,
        count.trackable,
        sum(people.get(link, 0) for link in links),
        sum(each.people for each in counted) if is_told else None,
        sum(each.machines for each in counted) if is_told else None,
        count.measurable,
        count.bought,
    )
