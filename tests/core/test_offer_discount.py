"""Percentage of a reduction (FI-23): whole hundredths, never more than the reduction is."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.model.offer import Offer, discount_share

CENTS = st.integers(1, 99_999_999).map(lambda cents: Decimal(cents).scaleb(-2))


@given(CENTS, CENTS)
def test_the_percentage_is_never_more_than_the_reduction(one: Decimal, other: Decimal) -> None:
    price, lowest = sorted((one, other))

    share = discount_share(price, lowest) or Decimal(0)

    assert share * lowest <= lowest - price < (share + Decimal("0.01")) * lowest
    assert share * 100 == int(share * 100)


@pytest.mark.parametrize(
    ("price", "lowest", "share"),
    [
        ("3.95", "4.95", "0.20"),  # 20.2 percent
        ("2.00", "3.00", "0.33"),
        ("0.01", "3.00", "0.99"),
        ("9.95", "10.00", None),  # half a percent is none
        ("9.90", "10.00", "0.01"),
        ("3.95", None, None),
    ],
)
def test_the_percentage_of_an_offer_is_rounded_down(price: str, lowest: str | None, share: str | None) -> None:
    text = {"fi": "Kahvi", "sv": "Kaffe", "en": "Coffee"}
    offer = Offer.model_validate(
        {
            "id": "coffee",
            "title": text,
            "text": text,
            "price": Decimal(price),
            "lowest_price_30d": None if lowest is None else Decimal(lowest),
            "valid_from": date(2018, 1, 1),
            "valid_to": date(2018, 1, 31),
            "department": "GROCERY",
            "product_category": "COFFEE",
            "image": "coffee.png",
        }
    )
    assert offer.discount == (None if share is None else Decimal(share))
