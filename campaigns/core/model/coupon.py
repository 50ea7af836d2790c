"""Coupon of an offer: bound to the membership card, or a code of the member's own."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import model_validator

from campaigns.core.model.localised_text import FormatError, FrozenModel, TextPattern

_POOL_FORM = TextPattern(
    r"[a-z][a-z0-9_]{0,31}", "a pool has small letters, digits and `_`, and begins with a letter", "coffee"
)


class CouponKind(StrEnum):
    """Way in which a till knows the member: by the membership card, or by a code in the message."""

    CARD = "card"
    CODE = "code"


class CodeFormat(StrEnum):
    """Form of a code: text of letters and digits, with a QR code beside it, or thirteen digits with bars."""

    TEXT = "text"
    QR = "qr"
    EAN13 = "ean13"


class Coupon(FrozenModel):
    """Coupon for an offer, valid as long as the offer.

    Codes of a `pool` are made with the pool's own key; a card-bound coupon has none.
    """

    kind: CouponKind
    format: CodeFormat | None = None
    pool: Annotated[str, _POOL_FORM] | None = None

    @model_validator(mode="after")
    def _check_parts(self) -> Self:
        if self.kind is CouponKind.CARD and (self.format is not None or self.pool is not None):
            raise FormatError("a coupon bound to the card has no code", "remove `format` and `pool`", "kind")
        if self.kind is CouponKind.CODE and (self.format is None or self.pool is None):
            raise FormatError(
                "a coupon with a code has a `format` and a `pool`", "`{kind: code, format: ean13, pool: coffee}`"
            )
        return self
