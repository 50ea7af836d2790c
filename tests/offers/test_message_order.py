"""Order of the offers of a message: no picture beside itself, if any order of the offers does that."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise, permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.core.model.localised_text import Localised
from campaigns.core.model.offer import Offer
from campaigns.offers.message_order import order_by_picture
from tests.support.examples import examples

TEXT = Localised(fi="Kahvi", sv="Kaffe", en="Coffee")


def offers_of(pictures: Sequence[str]) -> list[Offer]:
    """Return offers with these pictures, the best first."""
    return [
        Offer(
            id=f"offer-{rank}",
            title=TEXT,
            text=TEXT,
            price=Decimal("3.95"),
            valid_from=date(2018, 1, 1),
            valid_to=date(2018, 1, 31),
            department="GROCERY",
            product_category="COFFEE",
            image=f"{picture}.png",
        )
        for rank, picture in enumerate(pictures)
    ]


def order_of(pictures: str) -> str:
    return "".join(offer.image[0] for offer in order_by_picture(offers_of(pictures)))


def differ(pictures: Sequence[str]) -> bool:
    return all(first != second for first, second in pairwise(pictures))


@given(st.lists(st.sampled_from("abc"), max_size=7))
@settings(max_examples=examples(200))
def test_neighbours_have_different_pictures_whenever_an_order_can_do_that(pictures: list[str]) -> None:
    offers = offers_of(pictures)

    ordered = order_by_picture(offers)

    assert sorted(offer.id for offer in ordered) == [offer.id for offer in offers]
    possible = any(map(differ, permutations(pictures)))
    assert differ([offer.image for offer in ordered]) == possible
    assert possible or list(ordered) == offers


def test_offers_with_pictures_of_their_own_keep_their_order() -> None:
    assert order_of("dbca") == "dbca"
    assert order_of("") == ""


def test_the_best_offer_leads_where_that_is_possible() -> None:
    assert order_of("aab") == "aba"
    assert order_of("baa") == "aba"
    assert order_of("aabc") == "abca"


def test_no_picture_stands_below_itself_in_pairs_where_the_offers_suffice() -> None:
    assert order_of("abacde") == "abcade"


def test_offers_of_one_picture_stay_as_they_are() -> None:
    assert order_of("aaab") == "aaab"
