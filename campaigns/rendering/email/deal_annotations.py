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
from itertools import islice
from operator import attrgetter
from typing import Any, Final
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


_FACTS: Final = ("title", "image", "price", "lowest_price_30d", "valid_from", "valid_to")
_DISCOUNT: Final = attrgetter("discount")

DealAnnotations = Callable[[object], ScriptElement]


@dataclass(frozen=True, slots=True, eq=False)
class _Annotated:
    """Offer with its annotations: a badge of a message with it alone, one of several, and a card without its place."""

    image: str
    discount: Decimal
    badge_alone: str
    badge: str
    card: str


@dataclass(frozen=True, slots=True)
class _AnnotationWriter:
    """Writer of annotations in one language; `link` leads to all offers."""

    language: Language
    currency: str
    zone: ZoneInfo
    link: str

    def annotate(self, *facts: object) -> _Annotated | None:
        """Return the annotations of an offer with these `_FACTS`; None when one is missing."""
        match facts:
            case (
                str() as title,
                str() as image,
                Decimal() | int() as price,
                Decimal() | int() | None as lowest_price,
                date() as valid_from,
                date() as valid_to,
            ):
                return self._annotate(title, image, price, lowest_price, valid_from, valid_to)
            case _:
                return None

    def _annotate(
        self,
        title: str,
        image: str,
        price: Decimal | int,
        lowest_price: Decimal | int | None,
        valid_from: date,
        valid_to: date,
    ) -> _Annotated:
        discount = (discount_share(price, lowest_price) if lowest_price else None) or Decimal(0)
        share = template_filters(self.language, self.currency)["percent"](discount)
        alone, several = (
            _json(
                "DiscountOffer",
                description=badge.format(share=share),
                availabilityStarts=datetime.combine(valid_from, time(0), self.zone).isoformat(),
                availabilityEnds=datetime.combine(valid_to, _LAST_MOMENT, self.zone).isoformat(),
            )
            for badge in _BADGES[self.language]
        )
        prices = {"price": str(price)}
        if lowest_price is not None:
            prices = {"price": str(lowest_price), "discountValue": str(lowest_price - price)}
        card = _json("PromotionCard", image=image, url=self.link, headline=title, **prices, priceCurrency=self.currency)
        return _Annotated(image, discount, alone, several, card.removesuffix("}"))


def deal_annotations(language: Language, currency: str, zone: ZoneInfo, link: str | None) -> DealAnnotations:
    """Return a function from the offers of a message to the script element of its head, empty without offers.

    Offers whose facts are incomplete are left out. Every annotation is written once for all messages; without a `link`
    there are no cards.
    """
    annotated = lru_cache(maxsize=2048)(_AnnotationWriter(language, currency, zone, link or "").annotate)

    def annotate(offers: object) -> ScriptElement:
        known = [entry for offer in _mappings(offers) if (entry := annotated(*map(offer.get, _FACTS))) is not None]
        best = max(known, key=_DISCOUNT, default=None)
        parts = []
        if best is not None and best.discount:
            parts.append(best.badge_alone if len(known) == 1 else best.badge)
        if link is not None:
            cards: dict[str, str] = {}  # of each picture the first offer's
            for offer in known:
                cards.setdefault(offer.image, offer.card)
            first_cards = islice(cards.values(), MAX_CARDS)
            parts += [f'{card},"position":"{place}"}}' for place, card in enumerate(first_cards, 1)]
        return ScriptElement(f'<script type="application/ld+json">[{",".join(parts)}]</script>' if parts else "")

    return annotate


def _mappings(offers: object) -> Iterable[Mapping[str, Any]]:
    return (offer for offer in offers if isinstance(offer, dict)) if isinstance(offers, list | tuple) else ()


def _json(kind: str, **properties: str) -> str:
    """Return an annotation as JSON that can end no element."""
    text = json.dumps({"@context": _CONTEXT, "@type": kind, **properties}, ensure_ascii=False, separators=(",", ":"))
    return text.translate(_ESCAPES)
