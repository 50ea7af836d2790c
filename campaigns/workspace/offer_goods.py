"""Goods of offers: an offer is shown only if the product register knows its goods, and none of them is sensitive."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from audiences.warehouse.product_kinds import ProductKinds
from campaigns.core.errors import FilePosition, Problem, Severity
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.goods_classes import comparable
from campaigns.core.model.offer import Offer

OFFER_COLUMNS: Final = ("department", "product_category", "product_type", "brand")
_MAX_LISTED: Final = 5
_HINTS: Final = {
    "unknown_goods": "write department, category and type as the register does, or import the products first",
    "doubtful_goods": "name the `product_type`, as the register writes it",
    "special_offer": "remove these offers",
    "restricted_offer": "remove these offers",
}
_REASONS: Final = {
    "unknown_goods": "the product register has no such goods",
    "doubtful_goods": "some of these goods in the product register are special or restricted",
    "special_offer": "these goods are special in the catalogue and are never offered",
    "restricted_offer": "these goods are restricted in the catalogue and are never offered",
}


KindsOfProducts = Callable[[Collection[str]], Mapping[str, tuple[str | None, ...]]]
"""Look-up of the kinds of products by id, in the order of `ProductKinds.columns`; those unknown are left out."""


@dataclass(frozen=True)
class OfferGoods:
    """Goods that offers may show, by the catalogue and the product register.

    Without `kinds_of_products`, no offer of single products is shown.
    """

    catalogue: Catalogue
    kinds: ProductKinds
    kinds_of_products: KindsOfProducts = lambda _product_ids: {}

    def advertised(self, offers: Iterable[Offer]) -> tuple[Offer, ...]:
        """Return the offers that may be shown."""
        return tuple(offer for offer in offers if self.obstacle(offer) is None)

    def obstacle(self, offer: Offer) -> str | None:
        """Return the code of the reason for which an offer is never shown; None if it may be shown.

        A register without products knows nothing: then only the offer's own words count (FI-20 to FI-22).
        """
        for column in OFFER_COLUMNS:
            reason = forbidden_reason(self.catalogue, column, getattr(offer, column))
            if reason is not None:
                return f"{reason}_offer"
        if not self.kinds.rows:
            return None
        sensitive = [is_sensitive for kind, is_sensitive in self._kinds_of(offer) if self._fits(kind, offer)]
        if not sensitive:
            return "unknown_goods"
        return "doubtful_goods" if any(sensitive) else self._obstacle_of_products(frozenset(offer.products))

    def _obstacle_of_products(self, product_ids: frozenset[str]) -> str | None:
        """Return the reason for which one of these products is never offered; each is looked at by itself."""
        kinds = self.kinds_of_products(product_ids) if product_ids else {}
        if len(kinds) < len(product_ids):
            return "unknown_goods"
        for kind in kinds.values():
            for column, value in zip(self.kinds.columns, kind, strict=True):
                reason = forbidden_reason(self.catalogue, column, value)
                if reason is not None:
                    return f"{reason}_offer"
        return None

    def reason(self, offer: Offer) -> tuple[str, str, str] | None:
        """Return the code, the reason and the next step for an offer that is never shown; None if it may be shown."""
        code = self.obstacle(offer)
        return None if code is None else (code, _REASONS[code], _HINTS[code])

    def warnings(self, offers: Iterable[Offer], file: Path) -> Iterator[Problem]:
        """Yield a warning for each reason why offers of the file are not shown, with their number."""
        by_code: dict[str, list[str]] = {}
        for offer in offers:
            code = self.obstacle(offer)
            if code is not None:
                by_code.setdefault(code, []).append(offer.id)
        for code, ids in by_code.items():
            listed = ", ".join(f"`{offer_id}`" for offer_id in ids[:_MAX_LISTED])
            more = f" and {len(ids) - _MAX_LISTED} more" if len(ids) > _MAX_LISTED else ""
            noun = "1 offer is" if len(ids) == 1 else f"{len(ids)} offers are"
            message = f"{noun} not shown, because {_REASONS[code]}: {listed}{more}"
            yield Problem(FilePosition(str(file)), message, code, _HINTS[code], Severity.WARNING)

    def _kinds_of(self, offer: Offer) -> list[tuple[Mapping[str, str], bool]]:
        return self._by_category.get((comparable(offer.department), comparable(offer.product_category)), [])

    @staticmethod
    def _fits(kind: Mapping[str, str], offer: Offer) -> bool:
        """Return whether goods of a kind may be the offer's; a brand counts where brands name classes of goods."""
        named = ((column, getattr(offer, column)) for column in OFFER_COLUMNS if column in kind)
        return all(value is None or kind[column] == comparable(value) for column, value in named)

    @cached_property
    def _by_category(self) -> Mapping[tuple[str, str], list[tuple[Mapping[str, str], bool]]]:
        """Kinds in comparable form, and whether each is sensitive, by department and category."""
        sensitive_values = (self.catalogue.special_values, self.catalogue.restricted_values)
        grouped: dict[tuple[str, str], list[tuple[Mapping[str, str], bool]]] = {}
        for forms in self.kinds.comparable_kinds:
            kind = dict(zip(self.kinds.columns, forms, strict=True))
            is_sensitive = any(kind[column] in values for named in sensitive_values for column, values in named.items())
            grouped.setdefault((kind["department"], kind["product_category"]), []).append((kind, is_sensitive))
        return grouped


def forbidden_reason(catalogue: Catalogue, column: str, value: str | None) -> str | None:
    """Return `special` or `restricted` when goods with this value in a products column may not be offered, else None.

    Spelling counts as little as where the warehouse hides special rows.
    """
    if value is not None:
        for values, reason in ((catalogue.special_values, "special"), (catalogue.restricted_values, "restricted")):
            if comparable(value) in values.get(column, ()):
                return reason
    return None
