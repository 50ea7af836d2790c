"""Reason of an offer in words (C-09): three languages, every kind, intervals as people say them, and no dates."""

import re
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.core.model.enums import Language
from campaigns.core.model.localised_text import Localised
from campaigns.core.model.offer_reason import OfferReason, OfferReasonKind
from campaigns.rendering.offer_reason_text import GoodsName, Reader, offer_reason_text
from tests.support.examples import examples

CHEESE: Final = GoodsName(Localised(fi="juustot", sv="ost", en="cheese"))
GOODS: Final = (CHEESE, GoodsName(), GoodsName(CHEESE.label, of_products=True), GoodsName(CHEESE.label, of_brand=True))
_DATE: Final = re.compile(r"\d\d\d\d|\d\.\d")

kinds = st.sampled_from([kind for kind in OfferReasonKind if kind is not OfferReasonKind.REGULAR])
reasons = kinds.map(OfferReason) | st.builds(
    OfferReason, st.just(OfferReasonKind.REGULAR), st.integers(0, 2000), st.integers(0, 2000)
)


@settings(max_examples=examples(300))
@given(reasons, st.sampled_from(GOODS), st.sampled_from(Reader))
def test_every_reason_has_words_in_three_languages_without_a_date(
    reason: OfferReason, goods: GoodsName, reader: Reader
) -> None:
    texts = [offer_reason_text(str(reason), language, goods, reader) for language in Language]
    assert len(set(texts)) == 3
    assert not any("{" in text or _DATE.search(text) for text in texts)


@given(st.sampled_from(GOODS))
def test_a_name_of_goods_is_kept_as_json(goods: GoodsName) -> None:
    assert GoodsName.from_json(goods.as_json()) == goods


@pytest.mark.parametrize(
    ("short_form", "text"),
    [
        ("r12,21", "because you buy cheese about every 12 days; last 3 weeks ago"),
        ("r14,0", "because you buy cheese about every other week; last today"),
        ("r7,1", "because you buy cheese about once a week; last yesterday"),
        ("r2,7", "because you buy cheese about every other day; last a week ago"),
        ("r1,2", "because you buy cheese almost every day; last 2 days ago"),
        ("r21,14", "because you buy cheese about every 3 weeks; last 2 weeks ago"),
        ("r30,28", "because you buy cheese about once a month; last 4 weeks ago"),
        ("r60,56", "because you buy cheese about every other month; last 8 weeks ago"),
        ("r90,60", "because you buy cheese about every 3 months; last 2 months ago"),
        ("r360,390", "because you buy cheese about once a year; last a year ago"),
        ("o", "because you often buy cheese"),
        ("l", "because you recently bought cheese"),
        ("s", "because you have bought cheese"),
        ("b", "because you buy goods of this brand"),
        ("p", "popular right now"),
        ("n", "something new for you"),
    ],
)
def test_a_reason_is_a_clause_for_the_member(short_form: str, text: str) -> None:
    assert offer_reason_text(short_form, Language.EN, CHEESE) == text


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (Language.FI, "koska ostat tuoteryhmästä juustot noin 12 päivän välein, viimeksi 3 viikkoa sitten"),
        (Language.SV, "eftersom du köper ost med ungefär 12 dagars mellanrum, senast för 3 veckor sedan"),
        (Language.EN, "because you buy cheese about every 12 days; last 3 weeks ago"),
    ],
)
def test_goods_are_named_by_their_label_in_each_language(language: Language, text: str) -> None:
    assert offer_reason_text("r12,21", language, CHEESE) == text


def test_a_page_about_the_receiver_says_no_day_of_a_purchase() -> None:
    text = offer_reason_text("r12,21", Language.EN, CHEESE, Reader.RECEIVER)
    assert text == "The receiver buys cheese about every 12 days."


def test_goods_without_a_label_are_not_named() -> None:
    assert offer_reason_text("o", Language.EN, GoodsName()) == "because you often buy goods like this"


def test_single_products_are_not_called_by_their_group() -> None:
    goods = GoodsName(CHEESE.label, of_products=True)
    assert offer_reason_text("o", Language.EN, goods) == "because you often buy this"
    assert offer_reason_text("s", Language.EN, goods) == "because you have bought cheese"


def test_the_rhythm_of_one_brand_is_not_said_of_its_whole_group() -> None:
    goods = GoodsName(CHEESE.label, of_brand=True)
    assert offer_reason_text("r12,21", Language.EN, goods).startswith("because you buy goods like this about")
    assert offer_reason_text("o", Language.EN, goods) == "because you often buy cheese"
