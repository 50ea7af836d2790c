"""Comparison of category values: what looks alike to a person is alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.model.goods_classes import ClassifiedGoods, comparable, comparable_values

ALIKE = {
    "letter case": ("OLUT", "olut"),
    "spaces": ("  BEERS / ALES ", "beers / ales"),
    "no-break space": ("COLD AND\u00a0FLU", "cold and flu"),
    "decomposed": ("LA\u0308A\u0308KE", "LÄÄKE"),
    "sharp s": ("SÜSSMOST", "süßmost"),
    "full width": ("\uff2f\uff2c\uff35\uff34", "olut"),
    "zero-width space": ("O\u200bLUT", "OLUT"),
    "byte order mark": ("\ufeffOLUT", "OLUT"),
    "variation selector": ("OLUT\ufe0f", "OLUT"),
    "grapheme joiner": ("O\u034fLUT", "OLUT"),
    "filler of another script": ("OLUT\u3164", "OLUT"),
    "half-width filler": ("\uffa0OLUT", "OLUT"),
    "ideographic selector": ("OL\U000e0100UT", "OLUT"),
    "ligature": ("CO\ufb00EE", "coffee"),
    "dotted capital i": ("B\u0130RA", "bi\u0307ra"),
}


@pytest.mark.hostile
@pytest.mark.parametrize(("one", "other"), ALIKE.values(), ids=ALIKE)
def test_values_that_look_alike_are_compared_as_one(one: str, other: str) -> None:
    assert comparable(one) == comparable(other)


@pytest.mark.parametrize(("one", "other"), [("OLUT", "OLUET"), ("ÄLY", "ALY"), ("VIINI", "VIINIT"), ("A B", "AB")])
def test_other_words_stay_apart(one: str, other: str) -> None:
    assert comparable(one) != comparable(other)


@given(st.text())
def test_comparable_form_of_any_text_is_its_own(text: str) -> None:
    assert comparable(comparable(text)) == comparable(text)


@given(st.text(st.characters(codec="ascii")))
def test_short_way_for_ascii_is_the_long_one(text: str) -> None:
    assert comparable(text + "\u00e4").removesuffix("\u00e4").strip() == comparable(text)


def test_values_of_several_classes_are_united_by_column() -> None:
    goods = [
        ClassifiedGoods.model_validate(values)
        for values in (
            {"product_category": ["Olut"]},
            {"product_category": ["SIIDERI"], "brand": ["Karhu"]},
            {"none": {"date": "2018-01-05", "name": "Maija"}},
        )
    ]
    assert comparable_values(goods) == {"product_category": {"olut", "siideri"}, "brand": {"karhu"}}
