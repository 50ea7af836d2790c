"""An offer: what it costs, how long, and the lowest price of the 30 days before (FI-23)."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from campaigns.spec.text import Frozen, Localised

Price = Annotated[Decimal, Field(gt=0, max_digits=8, decimal_places=2)]


class Offer(Frozen):
    """One offer of the catalogue. `image` is a path below the workspace's `images/`.

    `weight` ranks offers for members about whom nothing may be used; higher first.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
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
    brand: str | None = None
    image: Annotated[str, Field(pattern=r"^[a-z0-9_/-]+\.png$")]
    weight: Annotated[int, Field(ge=0, le=100)] = 50

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.valid_to < self.valid_from:
            raise ValueError("`valid_to` is before `valid_from`")
        if self.lowest_price_30d is not None and self.lowest_price_30d <= self.price:
            raise ValueError("a reduced price is below the lowest price of the 30 days before (FI-23)")
        return self

    @property
    def reduced(self) -> bool:
        """Whether the price is announced as a reduction."""
        return self.lowest_price_30d is not None
