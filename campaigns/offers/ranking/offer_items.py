"""Goods that offers stand for, as sets of products: what a member's purchases are counted by.

An offer stands for its products; goods of the same type count for a tenth of them, of the same category for a
hundredth. An offer without products stands for its types, else its categories; with a brand, for those of the brand,
and those of other brands count for a tenth.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import ColumnElement, Double, Select, and_, cast, column, func, or_, select, table, union

from campaigns.core.model.offer import Offer


class ItemLevel(StrEnum):
    """Level of a set of goods."""

    PRODUCT = "product"
    BRAND = "brand"
    TYPE = "type"
    CATEGORY = "category"
    DEPARTMENT = "department"


_WEIGHTS: Final = {ItemLevel.TYPE: 0.1, ItemLevel.CATEGORY: 0.01}
_OTHER_BRAND: Final = 0.1  # goods of the same kind, whatever their brand
_OFFERS: Final = pa.schema([("offer", pa.int32()), ("offer_id", pa.string()), ("of_brand", pa.bool_())])
_ITEMS: Final = pa.schema(
    [
        ("offer", pa.int32()),
        ("offer_id", pa.string()),
        ("level", pa.string()),
        ("item", pa.int32()),
        ("weight", pa.float64()),
    ]
)
_SOURCES: Final = pa.schema([("item", pa.int32()), ("source", pa.string()), ("value", pa.string())])
_PRODUCTS: Final = ("product_id", "product_type", "product_category", "department", "brand")
OFFER_ITEM: Final = table("offer_item", *map(column, _ITEMS.names))
"""One row an offer and level: the set of goods `item` and its `weight`, 1 for the offer's own goods."""
ITEM_SOURCE: Final = table("item_source", *map(column, _SOURCES.names))
"""Definition of the sets: values of a column of the register, or products whose type or category they have."""
PRODUCTS: Final = table("products", *map(column, _PRODUCTS))
ITEM_GOODS: Final = table("item_goods", column("product_id"), column("item"))
"""Products of each set."""
GOODS: Final = table("goods", column("product_id"), column("offer"), column("weight"), column("part"))
"""Products of each offer by number, at their greatest weight: 1 for its own goods, less for goods like them.

The `part` of a product in each of its offers sums to 1.
"""
OFFERS: Final = table("ranked_offers", column("offer"), column("offer_id"), column("of_brand"))
"""Numbers and ids of the offers; `of_brand` is true for an offer that names a brand alone."""


@dataclass(frozen=True, slots=True)
class RankedOffer:
    """Offer as the ranking sees it: the goods it stands for, in the register's words. Lists may be empty.

    `weight` decides between offers of one score.
    """

    id: str
    products: tuple[str, ...] = ()
    product_types: tuple[str, ...] = ()
    product_categories: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    brand: str | None = None
    weight: int = 50

    @classmethod
    def of_offer(cls, offer: Offer) -> "RankedOffer":
        """Return an offer of the catalogue in this form."""
        types = () if offer.product_type is None else (offer.product_type,)
        return cls(
            offer.id, offer.products, types, (offer.product_category,), (offer.department,), offer.brand, offer.weight
        )


@dataclass(frozen=True, slots=True)
class _Item:
    """Set of goods: `source` names the column whose `values` it has; goods of one brand, if `brand` is given."""

    level: ItemLevel
    source: str
    values: tuple[str, ...]
    brand: str | None = None


@dataclass(frozen=True, slots=True)
class OfferItems:
    """Sets of goods of some offers, as the tables `ranked_offers`, `offer_item` and `item_source`."""

    ranked_offers: pa.Table
    offer_item: pa.Table
    item_source: pa.Table
    brands: tuple[tuple[int, str], ...]


def offer_items(offers: Iterable[RankedOffer]) -> OfferItems:
    """Return the sets of goods of offers; offers of the same goods share one."""
    numbers: dict[_Item, int] = {}
    rows, names = [], []
    for offer_number, offer in enumerate(offers):
        chain = list(_chain(offer))
        names.append((offer_number, offer.id, bool(chain) and chain[0][0].level is ItemLevel.BRAND))
        for item, weight in chain:
            item_number = numbers.setdefault(item, len(numbers))
            rows.append((offer_number, offer.id, item.level.value, item_number, weight))
    sources = [(number, item.source, value) for item, number in numbers.items() for value in item.values]
    brands = tuple((number, item.brand) for item, number in numbers.items() if item.brand is not None)
    return OfferItems(_table(names, _OFFERS), _table(rows, _ITEMS), _table(sources, _SOURCES), brands)


def goods_of_offers() -> Select[Any]:
    """Select the products of each offer, with their greatest weight: the table `goods`."""
    goods, item = ITEM_GOODS.c, OFFER_ITEM.c
    offers = (
        select(goods.product_id, item.offer, func.max(item.weight).label("weight"))
        .select_from(ITEM_GOODS.join(OFFER_ITEM, item.item == goods.item))
        .group_by(goods.product_id, item.offer)
        .subquery("offers_of_products")
    )
    number = cast(func.count().over(partition_by=offers.c.product_id), Double)
    return select(*offers.c, (1.0 / number).label("part"))


def goods_of_items(items: OfferItems, columns: Iterable[str]) -> Select[Any]:
    """Select the products of each set from the register's view `products`, which has these `columns`."""
    known = frozenset(columns)
    parts = [
        _members_of(name, items)
        for name in ("product_type", "product_category", "department", "brand")
        if name in known
    ]
    parts += [_akin(name) for name in ("product_type", "product_category") if name in known]
    source = ITEM_SOURCE.c
    named = select(source.value.label("product_id"), source.item).where(source.source == "product_id")
    goods = union(named, *parts).subquery("goods_of_items")
    return select(goods.c.product_id, goods.c.item)


def _chain(offer: RankedOffer) -> Iterator[tuple[_Item, float]]:
    """Yield the sets of an offer with their weights: its own goods first, then goods like them."""
    kinds = (
        (ItemLevel.TYPE, "product_type", tuple(sorted(set(offer.product_types)))),
        (ItemLevel.CATEGORY, "product_category", tuple(sorted(set(offer.product_categories)))),
        (ItemLevel.DEPARTMENT, "department", tuple(sorted(set(offer.departments)))),
    )
    if offer.products:
        products = tuple(sorted(set(offer.products)))
        yield _Item(ItemLevel.PRODUCT, "product_id", products), 1.0
        for level, source, values in kinds[:2]:
            yield (_Item(level, source, values) if values else _Item(level, f"{source}_of", products)), _WEIGHTS[level]
        return
    narrowest = next((_Item(*kind) for kind in kinds if kind[2]), None)
    if offer.brand is None:
        own = narrowest
    elif narrowest is None:
        own = _Item(ItemLevel.BRAND, "brand", (offer.brand,), offer.brand)
    else:
        own = _Item(ItemLevel.PRODUCT, narrowest.source, narrowest.values, offer.brand)
    if own is not None:
        yield own, 1.0
    if narrowest is not None and narrowest != own:
        yield narrowest, _OTHER_BRAND


def _members_of(name: str, items: OfferItems) -> Select[Any]:
    """Select the products with a value of the column `name`, of one brand where a set has one."""
    source, products = ITEM_SOURCE.c, PRODUCTS.c
    joined = PRODUCTS.join(ITEM_SOURCE, products[name] == source.value)
    statement = select(products.product_id, source.item).select_from(joined).where(source.source == name)
    if not items.brands:
        return statement
    of_brand: list[ColumnElement[bool]] = [
        and_(source.item == number, products.brand == brand) for number, brand in items.brands
    ]
    return statement.where(or_(source.item.not_in([number for number, _ in items.brands]), *of_brand))


def _akin(name: str) -> Select[Any]:
    """Select the products that have the type, or the category, of a product of the set."""
    source, products = ITEM_SOURCE.c, PRODUCTS.c
    own = (
        select(source.item, products[name].label("kind"))
        .select_from(PRODUCTS.join(ITEM_SOURCE, products.product_id == source.value))
        .where(source.source == f"{name}_of")
        .distinct()
        .subquery(f"own_{name}")
    )
    akin = PRODUCTS.alias("akin")
    return select(akin.c.product_id, own.c.item).select_from(akin.join(own, akin.c[name] == own.c.kind))


def _table(rows: Sequence[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    values = zip(*rows, strict=True) if rows else ((),) * len(schema)
    return pa.table([pa.array(part, field.type) for part, field in zip(values, schema, strict=True)], schema=schema)
