"""Draft of the classes of sensitive goods for a catalogue without any, to be read and corrected by a person."""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from audiences.warehouse.product_kinds import ProductKinds
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.goods_classes import RestrictedClass, SpecialClass
from campaigns.workspace.goods_hints import GoodsClass, resembling_values

_PLAIN: Final = re.compile(r"(?!(?i:true|false|null)$)[A-Za-zÀ-ÿ](?:[\w ./&-])*(?<! )")
_SECTIONS: Final = (
    ("special_when", SpecialClass, "never read, never offered"),
    ("restricted_when", RestrictedClass, "counted, but never offered"),
)


def draft_goods(catalogue: Catalogue, kinds: ProductKinds, today: date) -> Sequence[str]:
    """Return the lines to add to `products`; none for a catalogue that names a class, or a register without products.

    A class that no word of the register resembles is `none`, without the name of who looked: the file is refused until
    somebody puts theirs there.
    """
    return [] if catalogue.classified_goods or not kinds.rows else list(_lines(kinds, today))


def _lines(kinds: ProductKinds, today: date) -> Iterator[str]:
    for section, classes, meaning in _SECTIONS:
        yield f"    {section}:".ljust(39) + f"# {meaning}"
        for goods_class in classes:
            yield f"      {goods_class.value}: {{{_values(goods_class, kinds) or f'none: {{date: {today}, name: }}'}}}"


def _values(goods_class: GoodsClass, kinds: ProductKinds) -> str:
    named = {column: resembling_values(goods_class, values) for column, values in kinds.values.items()}
    return ", ".join(f"{column}: [{', '.join(map(_text, values))}]" for column, values in named.items() if values)


def _text(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)
