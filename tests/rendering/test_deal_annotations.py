"""Annotations of offers for Gmail's promotions tab: JSON-LD made of the offers' facts, which can end no element."""

import json
import re
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.core.model.enums import Language
from campaigns.rendering.email.deal_annotations import MAX_CARDS, deal_annotations
from tests.support.examples import examples

ZONE = ZoneInfo("Europe/Helsinki")
LINK = "https://www.lahde.example.org/kauneus"
SCRIPT = re.compile(r'<script type="application/ld\+json">(.*)</script>', re.DOTALL)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["</script><script>alert(1)</script>", "<!--<script>", "]]>", "&lt;/script&gt;", '"}]', "\u2028", "\\", "{{ x }}"]
)
MONEY = st.decimals(Decimal("0.01"), Decimal(9999), places=2)


def offer(**changes: object) -> dict[str, object]:
    """Return the values of an offer as a template has them."""
    return {
        "title": "Shampoo 250 ml",
        "price": Decimal("3.95"),
        "lowest_price_30d": Decimal("4.95"),
        "valid_from": date(2017, 12, 28),
        "valid_to": date(2018, 1, 31),
        "image": "https://viesti.example.org/images/offers/shampoo.png",
        **changes,
    }


def annotations(*offers: object, language: Language = Language.FI, link: str | None = LINK) -> list[dict[str, Any]]:
    """Return the annotations of offers, parsed; none without a script element."""
    element = deal_annotations(language, "EUR", ZONE, link)(list(offers))
    match = SCRIPT.fullmatch(element)
    assert match or element == ""
    return json.loads(match[1]) if match else []


def test_a_reduced_offer_has_a_badge_with_its_days_and_a_card_with_its_prices() -> None:
    assert annotations(offer()) == [
        {
            "@context": "https://schema.org/",
            "@type": "DiscountOffer",
            "description": "−20\xa0%",
            "availabilityStarts": "2017-12-28T00:00:00+02:00",
            "availabilityEnds": "2018-01-31T23:59:59+02:00",
        },
        {
            "@context": "https://schema.org/",
            "@type": "PromotionCard",
            "image": "https://viesti.example.org/images/offers/shampoo.png",
            "url": LINK,
            "headline": "Shampoo 250 ml",
            "price": "4.95",
            "discountValue": "1.00",
            "priceCurrency": "EUR",
            "position": "1",
        },
    ]


@pytest.mark.parametrize(
    ("language", "badge"),
    [(Language.FI, "Jopa −33\xa0%"), (Language.SV, "Upp till −33\xa0%"), (Language.EN, "Up to 33% off")],
)
def test_several_offers_share_the_badge_of_the_largest_reduction_in_the_readers_language(
    language: Language, badge: str
) -> None:
    larger = offer(price=Decimal(2), lowest_price_30d=Decimal(3), valid_to=date(2018, 1, 14))

    first = annotations(offer(), larger, language=language)[0]

    assert (first["description"], first["availabilityEnds"]) == (badge, "2018-01-14T23:59:59+02:00")


def test_an_offer_without_a_reduction_has_a_card_with_its_price_alone() -> None:
    [card] = annotations(offer(lowest_price_30d=None))

    assert (card["@type"], card["price"], "discountValue" in card) == ("PromotionCard", "3.95", False)


def test_a_template_without_one_link_for_all_has_no_cards() -> None:
    assert [entry["@type"] for entry in annotations(offer(), link=None)] == ["DiscountOffer"]


def test_each_picture_has_one_card_and_ten_are_the_most() -> None:
    twins = [offer(title="One"), offer(title="Two")]
    many = [offer(image=f"https://viesti.example.org/images/{number}.png") for number in range(14)]

    assert [card["headline"] for card in annotations(*twins)[1:]] == ["One"]
    assert len(annotations(*many)) == 1 + MAX_CARDS


@pytest.mark.parametrize("offers", [None, "", [], [None], [{}], [offer(price="3.95")], [offer(valid_to=None)]])
def test_nothing_is_said_of_offers_that_lack_a_fact(offers: object) -> None:
    assert deal_annotations(Language.EN, "EUR", ZONE, LINK)(offers) == ""


class ScriptReader(HTMLParser):
    """Reader that counts elements and keeps the text of scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.script = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.script += data


@given(TEXTS, TEXTS, MONEY, MONEY | st.none(), st.sampled_from(Language))
@settings(max_examples=examples(200))
def test_every_text_is_valid_json_that_ends_no_element(
    title: str, image: str, price: Decimal, lowest: Decimal | None, language: Language
) -> None:
    offers = [offer(title=title, image=image, price=price, lowest_price_30d=lowest)]
    element = deal_annotations(language, "EUR", ZONE, LINK)(offers)
    reader = ScriptReader()
    reader.feed(element)
    reader.close()

    card = json.loads(reader.script)[-1]

    assert reader.tags == [("script", [("type", "application/ld+json")])]
    assert not re.search(r"[<>&\u2028\u2029]", reader.script)
    assert (card["headline"], card["image"]) == (title, image)
