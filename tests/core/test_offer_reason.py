"""Short form of the reasons of offers that a decision keeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.model.offer_reason import ChosenOffer, OfferReason, OfferReasonKind, parse_chosen_offers

days = st.integers(0, 5000)
reasons = st.sampled_from([kind for kind in OfferReasonKind if kind is not OfferReasonKind.REGULAR]).map(
    OfferReason
) | st.builds(OfferReason, st.just(OfferReasonKind.REGULAR), days, days)


@given(reasons)
def test_a_reason_is_read_from_its_short_form(reason: OfferReason) -> None:
    assert OfferReason.parse(str(reason)) == reason


@given(st.lists(st.tuples(st.integers(0, 9), st.none() | reasons)))
def test_the_offers_of_a_decision_are_read_from_its_column(places: list[tuple[int, OfferReason | None]]) -> None:
    offer_ids = [f"offer_{number}" for number in range(10)]
    text = " ".join(f"{number}{reason or ''}" for number, reason in places)
    assert parse_chosen_offers(text, offer_ids) == tuple(
        ChosenOffer(offer_ids[number], reason) for number, reason in places
    )


@pytest.mark.parametrize("text", ["", "x", "r12", "r12,", "o1", "R1,2", "r1,2,3", " o"])
def test_other_text_is_no_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r"no reason of an offer|is not a valid OfferReasonKind"):
        OfferReason.parse(text)
