"""Goods of offers: an offer is shown only if the product register knows its goods, and none of them is sensitive."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from audiences.warehouse.product_kinds import ProductKinds
from campaigns.core.errors import FilePosition, Problem, Severity
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.goods_classes import comparable
from campaigns.core.model.offer import Offer
from campaigns.core.yaml.source import read_yaml

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
_KIND, _PRODUCTS = "product_category", "products"
_PRODUCT_REASONS: Final = {
    "unknown_goods": "the product register does not have all of its `products`",
    "special_offer": "some of its `products` are special in the catalogue and are never offered",
    "restricted_offer": "some of its `products` are restricted in the catalogue and are never offered",
}


KindsOfProducts = Callable[[Collection[str]], Mapping[str, tuple[str | None, ...]]]
"""Look-up of the kinds of products by id, in the order of `ProductKinds.columns`; those unknown are left out."""


@dataclass(frozen=True, slots=True)
class GoodsFault:
    """Reason for which an offer is never shown; `part` is the key of the offer that it is about."""

    code: str
    part: str
    reason: str
    hint: str


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
        fault = self.fault(offer)
        return None if fault is None else fault.code

    def fault(self, offer: Offer) -> GoodsFault | None:
        """Return the reason for which an offer is never shown; None if it may be shown."""
        for column in OFFER_COLUMNS:
            reason = forbidden_reason(self.catalogue, column, getattr(offer, column))
            if reason is not None:
                return _kind_fault(f"{reason}_offer")
        if not self.kinds.rows:
            return None
        sensitive = [is_sensitive for kind, is_sensitive in self._kinds_of(offer) if self._fits(kind, offer)]
        if not sensitive:
            return _kind_fault("unknown_goods")
        return _kind_fault("doubtful_goods") if any(sensitive) else self._fault_of_products(offer.products)

    def _fault_of_products(self, product_ids: Sequence[str]) -> GoodsFault | None:
        """Return the reason for which one of these products is never offered; each is looked at by itself."""
        kinds = self.kinds_of_products(frozenset(product_ids)) if product_ids else {}
        unknown = [product for product in dict.fromkeys(product_ids) if product not in kinds]
        if unknown:
            hint = f"{listed_names(unknown)}: write ids of the register, or import the products first"
            return GoodsFault("unknown_goods", _PRODUCTS, _PRODUCT_REASONS["unknown_goods"], hint)
        sensitive: dict[str, list[str]] = {}
        for product, kind in kinds.items():
            for column, value in zip(self.kinds.columns, kind, strict=True):
                reason = forbidden_reason(self.catalogue, column, value)
                if reason is not None:
                    sensitive.setdefault(f"{reason}_offer", []).append(product)
        for code, products in sensitive.items():
            hint = f"leave out {listed_names(sorted(set(products)))}"
            return GoodsFault(code, _PRODUCTS, _PRODUCT_REASONS[code], hint)
        return None

    def warnings(self, offers: Iterable[Offer], file: Path) -> Iterator[Problem]:
        """Yield a warning for each reason why offers of the file are not shown, at the first, with their number."""
        by_reason: dict[str, list[tuple[int, str, GoodsFault]]] = {}
        for index, offer in enumerate(offers):
            fault = self.fault(offer)
            if fault is not None:
                by_reason.setdefault(fault.reason, []).append((index, offer.id, fault))
        listed = read_yaml(file).part("offers") if by_reason else None  # large, and read for its positions only now
        for reason, faults in by_reason.items():
            index, _, first = faults[0]
            noun = "1 offer is" if len(faults) == 1 else f"{len(faults)} offers are"
            message = f"{noun} not shown, because {reason}: {listed_names([name for _, name, _ in faults])}"
            place = FilePosition(str(file)) if listed is None else listed.part(index).part(first.part).place
            yield Problem(place, message, first.code, first.hint, Severity.WARNING)

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


def listed_names(names: Sequence[str]) -> str:
    """Return the first of some names, and how many more there are."""
    listed = ", ".join(f"`{name}`" for name in names[:_MAX_LISTED])
    return f"{listed} and {len(names) - _MAX_LISTED} more" if len(names) > _MAX_LISTED else listed


def _kind_fault(code: str) -> GoodsFault:
    return GoodsFault(code, _KIND, _REASONS[code], _HINTS[code])


def forbidden_reason(catalogue: Catalogue, column: str, value: str | None) -> str | None:
    """Return `special` or `restricted` when goods with this value in a products column may not be offered, else None.

    Spelling counts as little as where the warehouse hides special rows.
    """
    if value is not None:
        for values, reason in ((catalogue.special_values, "special"), (catalogue.restricted_values, "restricted")):
            if comparable(value) in values.get(column, ()):
                return reason
    return None
