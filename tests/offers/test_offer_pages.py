"""Laws of a page of offers: numbers, categories, new goods, goods bought lately, purchases that may not be used."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import literal

from campaigns.core.model.campaign import OfferSelection
from campaigns.core.model.localised_text import Localised
from campaigns.core.model.offer import Offer
from campaigns.offers.exposure import LARGEST_SHARE, SMALLEST_SHARE, ExposureLimits
from campaigns.offers.selection import VariantOffers, choose_offers, offers_table
from campaigns.runs.planning.query_session import QuerySession
from tests.support.examples import examples

NOW = datetime(2018, 1, 1, 8, tzinfo=UTC)
CATEGORIES = ("A", "B", "C")
TEXT = Localised(fi="x", sv="x", en="x")


def offer(number: int, category: str, weight: int) -> Offer:
    return Offer(
        id=f"o{number:02}",
        title=TEXT,
        text=TEXT,
        price=Decimal(1),
        valid_from=date(2017, 1, 1),
        valid_to=date(2019, 1, 1),
        department="D",
        product_category=category,
        image="a.png",
        weight=weight,
    )


@dataclass(frozen=True)
class World:
    """Offers, their selection, and what the ranking says of one member: score and day of the last purchase."""

    offers: tuple[Offer, ...]
    choice: OfferSelection
    popular: tuple[float, ...]
    own: dict[int, tuple[float, int | None]]

    def page(self, session: QuerySession, *, ranked: bool) -> list[tuple[str, str | None]]:
        """Return the member's page: offers with their reasons, the best first."""
        table = offers_table({"v": VariantOffers(self.offers, self.choice)}, NOW)
        offers = session.register("offers", table.append_column("handicap", pa.array([0.0] * len(table))))
        rows: list[tuple[str, str, float, str, datetime | None]] = [
            ("", each.id, score, "p", None) for each, score in zip(self.offers, self.popular, strict=True)
        ]
        for number, (score, days) in self.own.items():
            bought = None if days is None else (NOW - timedelta(days=days)).replace(tzinfo=None)
            rows.append(("m", self.offers[number].id, score, "o", bought))
        names = ("member_id", "offer_id", "score", "reason", "last_bought_at")
        types = (pa.string(), pa.string(), pa.float64(), pa.string(), pa.timestamp("us"))
        columns = [pa.array([row[place] for row in rows], kind) for place, kind in enumerate(types)]
        scored = session.register("scored", pa.table(dict(zip(names, columns, strict=True))))
        recipient: dict[str, Any] = {"member_id": "m", "variant": "v", "ranked": ranked, "draw": 0.5}
        recipients = session.register("recipients", pa.Table.from_pylist([recipient]))
        pages = session.fetch_dicts(choose_offers(recipients, offers, scored, literal(value=True)))
        if not pages:
            return []
        assert pages[0]["number"] == len(pages[0]["offers"])
        return list(zip(pages[0]["offers"], pages[0]["offer_reasons"], strict=True))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    count = draw(st.integers(1, 9))
    chosen = [(draw(st.sampled_from(CATEGORIES)), draw(st.integers(0, 3))) for _ in range(count)]
    at_most = draw(st.integers(1, 6))
    choice = OfferSelection(
        at_most=at_most,
        explore=draw(st.integers(0, min(2, at_most))),
        of_category=draw(st.integers(1, 3)),
        not_within=draw(st.sampled_from([None, timedelta(days=7)])),
    )
    own = draw(
        st.dictionaries(st.integers(0, count - 1), st.tuples(st.floats(-3, 3), st.sampled_from([None, 0, 6, 7, 8, 90])))
    )
    popular = tuple(draw(st.lists(st.floats(-3, 3), min_size=count, max_size=count)))
    return World(tuple(offer(number, *each) for number, each in enumerate(chosen)), choice, popular, own)


@pytest.fixture(scope="module")
def session() -> Iterator[QuerySession]:
    with closing(duckdb.connect(config={"threads": 1})) as connection:
        yield QuerySession(connection)


def bought_lately(world: World) -> set[str]:
    """Return the offers whose goods the member bought within the span that stands back."""
    if world.choice.not_within is None:
        return set()
    days = world.choice.not_within.days
    return {world.offers[number].id for number, (_, ago) in world.own.items() if ago is not None and ago <= days}


@settings(max_examples=examples(60), deadline=None)
@given(world=worlds(), ranked=st.booleans())
def test_page_has_at_most_so_many_offers_each_once_and_as_many_as_there_are(
    session: QuerySession, world: World, *, ranked: bool
) -> None:
    page = [offer_id for offer_id, _ in world.page(session, ranked=ranked)]
    eligible = {each.id for each in world.offers} - (bought_lately(world) if ranked else set())
    assert len(page) == len(set(page)) == min(world.choice.at_most, len(eligible))
    assert set(page) <= eligible


@settings(max_examples=examples(60), deadline=None)
@given(world=worlds(), ranked=st.booleans())
def test_category_has_more_places_only_when_every_other_offer_has_one(
    session: QuerySession, world: World, *, ranked: bool
) -> None:
    categories = {each.id: each.product_category for each in world.offers}
    page = [offer_id for offer_id, reason in world.page(session, ranked=ranked) if reason != "n"]
    counted = Counter(categories[offer_id] for offer_id in page)
    eligible = set(categories) - (bought_lately(world) if ranked else set())
    if any(number > world.choice.of_category for number in counted.values()):
        sizes = Counter(categories[offer_id] for offer_id in eligible)
        for category, size in sizes.items():
            explored = world.choice.explore if ranked else 0
            assert counted[category] + explored >= min(size, world.choice.of_category)


@settings(max_examples=examples(60), deadline=None)
@given(world=worlds())
def test_places_to_explore_go_to_goods_that_the_member_does_not_buy(session: QuerySession, world: World) -> None:
    page = world.page(session, ranked=True)
    bought = {world.offers[number].id for number, (_, ago) in world.own.items() if ago is not None}
    explored = [offer_id for offer_id, reason in page if reason == "n"]
    assert len(explored) <= world.choice.explore
    assert bought.isdisjoint(explored)
    new = {each.id for each in world.offers} - bought
    if world.choice.explore and len(page) == world.choice.at_most:
        assert len(new & {offer_id for offer_id, _ in page}) >= min(world.choice.explore, len(new))


@settings(max_examples=examples(60), deadline=None)
@given(world=worlds())
def test_member_whose_purchases_may_not_be_used_sees_weight_then_popularity_without_reasons(
    session: QuerySession, world: World
) -> None:
    page = world.page(session, ranked=False)
    without = World(world.offers, world.choice, world.popular, {})
    assert page == without.page(session, ranked=False)
    assert {reason for _, reason in page} <= {None}
    numbers = {each.id: number for number, each in enumerate(world.offers)}
    keys = [
        (-world.offers[numbers[offer_id]].weight, -world.popular[numbers[offer_id]], offer_id) for offer_id, _ in page
    ]
    within = Counter(world.offers[numbers[offer_id]].product_category for offer_id, _ in page)
    if all(number <= world.choice.of_category for number in within.values()):
        assert keys == sorted(keys)


def test_ties_go_to_the_heavier_offer_and_then_to_the_smaller_id(session: QuerySession) -> None:
    offers = (offer(0, "A", 1), offer(1, "B", 2), offer(2, "C", 2))
    own: dict[int, tuple[float, int | None]] = dict.fromkeys(range(3), (1.0, 30))
    world = World(offers, OfferSelection(), (0.0, 0.0, 0.0), own)
    assert world.page(session, ranked=True) == [("o01", "o"), ("o02", "o"), ("o00", "o")]


def test_goods_bought_in_the_span_stand_back_and_those_bought_before_do_not(session: QuerySession) -> None:
    offers = tuple(offer(number, "ABC"[number], 1) for number in range(3))
    own: dict[int, tuple[float, int | None]] = {0: (3.0, 6), 1: (2.0, 8), 2: (1.0, None)}
    world = World(offers, OfferSelection(not_within=timedelta(days=7)), (0.0, 0.0, 0.0), own)
    assert [offer_id for offer_id, _ in world.page(session, ranked=True)] == ["o01", "o02"]


@settings(max_examples=examples(100), deadline=None)
@given(sizes=st.lists(st.tuples(st.integers(1, 40), st.integers(1, 12), st.integers(0, 5000)), min_size=1, max_size=4))
def test_limits_of_exposure_leave_room_for_every_place(sizes: list[tuple[int, int, int]]) -> None:
    variants, recipients, places = {}, {}, 0
    for number, (offers, at_most, members) in enumerate(sizes):
        chosen = tuple(offer(100 * number + each, "A", 1) for each in range(offers))
        variants[f"v{number}"] = VariantOffers(chosen, OfferSelection(at_most=at_most))
        recipients[f"v{number}"] = members
        places += members * min(at_most, offers)
    limits = ExposureLimits.of_sample(variants, recipients)
    assert SMALLEST_SHARE < 1 < LARGEST_SHARE
    assert sum(limits.floors) <= places + 1e-6 <= sum(limits.caps) + 2e-6 * max(1, places)
    assert all(floor <= cap for floor, cap in zip(limits.floors, limits.caps, strict=True))
