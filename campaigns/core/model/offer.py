"""Offer: its price, its validity, and the lowest price of the 30 days before (FI-23)."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from campaigns.core.model.coupon import Coupon
from campaigns.core.model.localised_text import FormatError, FrozenModel, Localised, TextPattern

_ID_FORM = TextPattern(r"[a-z0-9_-]{1,64}", "an id has small letters, digits, `_` and `-`", "coffee_500g")
_IMAGE_FORM = TextPattern(
    r"(?:[a-z0-9_-]+/)*[a-z0-9_-]+\.png",
    "an image is a PNG below `images/`, named in small letters",
    "offers/coffee.png",
)

_PRODUCT_FORM = TextPattern(r"\S{1,64}", "a product is named by its id in the product register", "1029743")
_URL_FORM = TextPattern(
    r"https://[a-zA-Z0-9.-]+(?::\d+)?(?:/[^\s\"'<>{}\\]*)?",
    "an address is written with `https://`",
    "https://shop.example/coffee",
)

Price = Annotated[Decimal, Field(gt=0, max_digits=8, decimal_places=2)]


def discount_share(price: Decimal | int, lowest_price_30d: Decimal | int) -> Decimal | None:
    """Return the part of a reduction, rounded down to hundredths; None below one (FI-23)."""
    hundredths = int((lowest_price_30d - price) * 100 // lowest_price_30d)
    return Decimal(hundredths).scaleb(-2) if hundredths > 0 else None


class Offer(FrozenModel):
    """Offer of the catalogue. `image` is a path below the workspace's `images/`.

    `products` are the goods it stands for, by their ids in the product register; without any, it stands for all goods
    of its type, or of its category where it has no type. `url` is the page of the offer, where its links lead.
    `weight` ranks offers for members whose data may not be used; higher comes first.
    """

    id: Annotated[str, _ID_FORM]
    title: Localised
    text: Localised
    price: Price
    unit: Localised | None = None
    lowest_price_30d: Price | None = None
    valid_from: date
    valid_to: date
    department: str
    product_category: str
    product_type: str | None = None
    products: Annotated[tuple[Annotated[str, _PRODUCT_FORM], ...], Field(max_length=5000)] = ()
    brand: str | None = None
    image: Annotated[str, _IMAGE_FORM]
    url: Annotated[str, _URL_FORM, Field(max_length=1000)] | None = None
    coupon: Coupon | None = None
    weight: Annotated[int, Field(ge=0, le=100, strict=True)] = 50

    @model_validator(mode="after")
    def _check_dates_and_prices(self) -> Self:
        if self.valid_to < self.valid_from:
            raise FormatError("`valid_to` is before `valid_from`", "change the two dates round", "valid_to")
        if self.lowest_price_30d is not None and self.lowest_price_30d <= self.price:
            message = "a reduced price is below the lowest price of the 30 days before"
            raise FormatError(message, "leave it out unless a reduction is announced", "lowest_price_30d")
        return self

    @property
    def reduced(self) -> bool:
        """True when the price is announced as a reduction."""
        return self.lowest_price_30d is not None

    @property
    def discount(self) -> Decimal | None:
        """Part by which the price is below the lowest of 30 days, in whole hundredths and never more than it is.

        None without a reduction, and for one below a hundredth.
        """
        if self.lowest_price_30d is None:
            return None
        return discount_share(self.price, self.lowest_price_30d)
