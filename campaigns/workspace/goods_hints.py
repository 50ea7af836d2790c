"""Hints at the class of a category: words in Finnish, Swedish and English. They suggest; they protect nothing."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from campaigns.core.model.goods_classes import RestrictedClass, SpecialClass, comparable
from campaigns.core.yaml.source import read_yaml

GoodsClass = SpecialClass | RestrictedClass

_FILE: Final = Path(__file__).with_name("goods_hints.yaml")
_HINTS: Final = TypeAdapter(dict[GoodsClass, list[list[str]]])
_SHORT: Final = 5  # letters: such a word must begin a word, or `gin` would be in `ORIGINAL`
_ALONE: Final = 3  # such a word stands alone: `vin`, `öl`, `rum`


def suggested_classes(value: str) -> tuple[GoodsClass, ...]:
    """Return the classes that the words of a category resemble."""
    text = comparable(value)
    return tuple(goods_class for goods_class, pattern in _patterns().items() if pattern.search(text))


def resembling_values(goods_class: GoodsClass, values: Iterable[str]) -> Sequence[str]:
    """Return the values whose words resemble a class."""
    pattern = _patterns()[goods_class]
    return [value for value in values if pattern.search(comparable(value))]


@cache
def _patterns() -> Mapping[GoodsClass, re.Pattern[str]]:
    hints = _HINTS.validate_python(read_yaml(_FILE).value)
    return {
        goods_class: re.compile("|".join(_word_pattern(comparable(word)) for words in lists for word in words))
        for goods_class, lists in hints.items()
    }


def _word_pattern(word: str) -> str:
    if len(word) <= _ALONE:
        return rf"\b{re.escape(word)}\b"
    return rf"\b{re.escape(word)}" if len(word) <= _SHORT else re.escape(word)
