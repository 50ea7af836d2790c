"""Reason of an offer in words: what a member buys, in three languages, by rounded intervals and never by dates."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Self

from campaigns.core.errors import Problem, UserError
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.enums import Language
from campaigns.core.model.localised_text import Localised
from campaigns.core.model.offer import Offer
from campaigns.core.model.offer_reason import ChosenOffer, OfferReason, OfferReasonKind
from campaigns.rendering.templates.translations import TranslatedText, read_texts

_FILE: Final = Path(__file__).with_suffix(".yaml")
_KINDS: Final[Mapping[OfferReasonKind, str]] = {
    OfferReasonKind.REGULAR: "regular",
    OfferReasonKind.OFTEN: "often",
    OfferReasonKind.RECENT: "recent",
    OfferReasonKind.BRAND: "brand",
    OfferReasonKind.SIMILAR: "similar",
    OfferReasonKind.POPULAR: "popular",
    OfferReasonKind.NEW: "new",
}
_WITHOUT_GOODS: Final = frozenset({OfferReasonKind.BRAND, OfferReasonKind.POPULAR, OfferReasonKind.NEW})
_WEEK, _MONTH, _YEAR = 7, 30, 365
_DAYS_BELOW, _WEEKS_BELOW, _MONTHS_BELOW = 14, 60, 345
_DOUBLE: Final = 2


class Reader(StrEnum):
    """Reader of a reason: the member in a message, or anybody else on a page about its receiver."""

    MEMBER = "member"
    RECEIVER = "receiver"


@dataclass(frozen=True, slots=True)
class GoodsName:
    """Name of an offer's goods for members.

    `label` is that of their group, None without one. `of_products` is true when the offer stands for single products,
    `of_brand` when it stands for goods of one brand in the group: their rhythm is not that of the whole group.
    """

    label: Localised | None = None
    of_products: bool = False
    of_brand: bool = False

    @classmethod
    def of_offer(cls, offer: Offer, catalogue: Catalogue) -> Self:
        """Return the name of an offer's goods: the label of the type, else of the category."""
        label = _label(catalogue, "product_type", offer.product_type) if not offer.products else None
        of_type = offer.product_type is not None and label is None
        label = label or _label(catalogue, "product_category", offer.product_category)
        return cls(label, bool(offer.products), of_type or offer.brand is not None)

    def as_json(self) -> dict[str, Any]:
        """Return the name as the evidence of a run keeps it."""
        label = None if self.label is None else self.label.model_dump()
        return {"goods": label, "of_products": self.of_products, "of_brand": self.of_brand}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the name from the evidence of a run."""
        label = stored["goods"]
        return cls(
            None if label is None else Localised.model_validate(label), stored["of_products"], stored["of_brand"]
        )

    def form(self, kind: OfferReasonKind) -> str:
        """Return how a reason names the goods: `this`, `such` or `named`."""
        if self.of_products and kind is not OfferReasonKind.SIMILAR:
            return "this"
        is_inexact = self.of_brand and kind is OfferReasonKind.REGULAR
        return "such" if self.label is None or is_inexact else "named"


def offer_reason_text(short_form: str, language: Language, goods: GoodsName, reader: Reader = Reader.MEMBER) -> str:
    """Return the reason of its short form (see `OfferReason`) in words: a clause for the member, else a sentence."""
    reason, texts = OfferReason.parse(short_form), _texts()
    key = f"{reader}_{_KINDS[reason.kind]}"
    if reason.kind not in _WITHOUT_GOODS:
        key = f"{key}_{goods.form(reason.kind)}"
    text = texts[key].localised.text(language)
    if reason.kind is OfferReasonKind.REGULAR:
        text = text.replace("{interval}", _days("interval", max(reason.every_days or 1, 1), language))
        text = text.replace("{ago}", _days("ago", reason.days_ago or 0, language))
    return text if goods.label is None else text.replace("{goods}", goods.label.text(language))


@dataclass(frozen=True, slots=True)
class ExplainedOffer:
    """Offer of a message by its title, with its reason in words; None where no purchases were used."""

    offer: str
    title: str
    reason: str | None


def explain_offers(
    chosen: Iterable[ChosenOffer], names: Mapping[str, Any], language: Language, reader: Reader
) -> list[ExplainedOffer]:
    """Return the offers of a message with their reasons; `names` are those of a run's evidence.

    An offer that it does not name goes by its id.
    """
    explained = []
    for offer in chosen:
        name = names.get(offer.offer_id)
        title = offer.offer_id if name is None else name["title"][language.value]
        goods = GoodsName() if name is None else GoodsName.from_json(name)
        text = None if offer.reason is None else offer_reason_text(str(offer.reason), language, goods, reader)
        explained.append(ExplainedOffer(offer.offer_id, title, text))
    return explained


def _days(kind: str, days: int, language: Language) -> str:
    """Return a number of days as a person says it: in days below two weeks, then in weeks, months and years."""
    key, number = _in_units(days)
    if kind == "ago" and days == 0:
        key = "today"
    elif number == 1:
        key = key.removesuffix("s")
    elif number == _DOUBLE and f"{kind}_{number}_{key}" in _texts():
        key = f"{number}_{key}"
    return _texts()[f"{kind}_{key}"].localised.text(language).replace("{n}", str(number))


def _in_units(days: int) -> tuple[str, int]:
    if days == _MONTH:
        return "months", 1
    if days < _DAYS_BELOW and days != _WEEK:
        return "days", days
    for unit, length, below in (("weeks", _WEEK, _WEEKS_BELOW), ("months", _MONTH, _MONTHS_BELOW)):
        if days < below:
            return unit, round(days / length)
    return "years", max(1, round(days / _YEAR))


def _label(catalogue: Catalogue, column: str, value: str | None) -> Localised | None:
    table = catalogue.tables.get("products")
    if table is None or value is None or column not in table.columns:
        return None
    return table.columns[column].label(value)


@lru_cache(maxsize=1)
def _texts() -> Mapping[str, TranslatedText]:
    problems: list[Problem] = []
    texts = read_texts(_FILE.name, _FILE.read_bytes(), problems)
    if problems:
        raise UserError(problems)
    return texts
