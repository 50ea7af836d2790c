"""Annotations of offers for the promotions tab of Gmail, as JSON-LD in the head of an e-mail.

One `DiscountOffer` for the largest reduction, and a `PromotionCard` for each offer where the template has one link for
all. They say nothing that the offers do not say, and nothing of the member.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from campaigns.core.model.enums import Language
from campaigns.core.model.offer import discount_share
from campaigns.rendering.templates.filters import template_filters

MAX_CARDS: Final = 10  # as many as Gmail shows
_CONTEXT: Final = "https://schema.org/"
_ESCAPES: Final = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
_LAST_MOMENT: Final = time(23, 59, 59)
_BADGES: Final[Mapping[Language, tuple[str, str]]] = {  # of a message with one offer, and with several
    Language.FI: ("−{share}", "Jopa −{share}"),
    Language.SV: ("−{share}", "Upp till −{share}"),
    Language.EN: ("{share} off", "Up to {share} off"),
}


class ScriptElement(str):
    """Text that is markup already: a template prints it as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


DealAnnotations = Callable[[object], ScriptElement]


@dataclass(frozen=True, slots=True)
class _Facts:
    """Facts of an offer that an annotation states."""

    title: str
    image: str
    price: Decimal | int
    lowest_price: Decimal | int | None
    valid_from: date
    valid_to: date

    @property
    def discount(self) -> Decimal:
        return (discount_share(self.price, self.lowest_price) if self.lowest_price else None) or Decimal(0)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writer of annotations in one language; `link` leads to all offers."""

    language: Language
    currency: str
    zone: ZoneInfo
    link: str | None

    def badge(self, offer: _Facts, *, is_alone: bool) -> str:
        """Return the annotation of the largest reduction."""
        share = template_filters(self.language, self.currency)["percent"](offer.discount)
        starts, ends = (
            datetime.combine(day, moment, self.zone).isoformat()
            for day, moment in ((offer.valid_from, time(0)), (offer.valid_to, _LAST_MOMENT))
        )
        description = _BADGES[self.language][0 if is_alone else 1].format(share=share)
        return _json("DiscountOffer", description=description, availabilityStarts=starts, availabilityEnds=ends)

    def card(self, offer: _Facts, position: int) -> str:
        """Return the annotation with the picture and the price of an offer."""
        prices = {"price": str(offer.price)}
        if offer.lowest_price is not None:
            prices = {"price": str(offer.lowest_price), "discountValue": str(offer.lowest_price - offer.price)}
        return _json(
            "PromotionCard",
            image=offer.image,
            url=self.link or "",
            headline=offer.title,
            **prices,
            priceCurrency=self.currency,
            position=str(position),
        )


def deal_annotations(language: Language, currency: str, zone: ZoneInfo, link: str | None) -> DealAnnotations:
    """Return a function from the offers of a message to the script element of its head, empty without offers.

    Offers whose facts are incomplete are left out. Every annotation is written once for all messages.
    """
    writer = _Writer(language, currency, zone, link)
    badge, card = lru_cache(maxsize=2048)(writer.badge), lru_cache(maxsize=2048)(writer.card)
    facts = lru_cache(maxsize=2048)(_Facts)

    def annotate(offers: object) -> ScriptElement:
        known = [facts(*values) for offer in _mappings(offers) if (values := _values(offer)) is not None]
        best = max(known, key=lambda offer: offer.discount, default=None)
        parts = []
        if best is not None and best.discount:
            parts.append(badge(best, is_alone=len(known) == 1))
        if link is not None:
            by_picture = {offer.image: offer for offer in reversed(known)}  # each picture once, with its first offer
            shown = [offer for offer in known if by_picture[offer.image] is offer][:MAX_CARDS]
            parts += [card(offer, place) for place, offer in enumerate(shown, 1)]
        return ScriptElement(f'<script type="application/ld+json">[{",".join(parts)}]</script>' if parts else "")

    return annotate


def _mappings(offers: object) -> Iterable[Mapping[str, object]]:
    return (offer for offer in offers if isinstance(offer, Mapping)) if isinstance(offers, list | tuple) else ()


def _values(offer: Mapping[str, object]) -> tuple[str, str, Decimal | int, Decimal | int | None, date, date] | None:
    match (*(offer.get(name) for name in ("title", "image", "price", "lowest_price_30d", "valid_from", "valid_to")),):
        case (str(), str(), Decimal() | int(), Decimal() | int() | None, date(), date()) as values:
            return values
        case _:
            return None


def _json(kind: str, **properties: str) -> str:
    """Return an annotation as JSON that can end no element."""
    text = json.dumps({"@context": _CONTEXT, "@type": kind, **properties}, ensure_ascii=False, separators=(",", ":"))
    return text.translate(_ESCAPES)
