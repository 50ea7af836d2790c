"""Why a message was sent: from what was kept, every operand, no product of whoever forbade it (C-09, GD-10)."""

import html
from typing import Final

import pytest

from campaigns.core.model.enums import Language
from campaigns.store.runs.linked_message import find_message
from campaigns.web.members.why import explanation
from tests.support.web_client import AINO, CAMPAIGNS, Town

PURPOSES: Final = {
    "letters": ("A newsletter that was subscribed to", "Consent of the receiver"),
    "offers": ("Marketing", "Consent of the receiver"),
    "hotel": ("Marketing", "on behalf of Hotel Aurora"),
    "owners": ("owners' post", "Consent of the receiver"),
    "asking": ("A survey", "Consent of the receiver"),
    "service": ("Dealings with us", "the law obliges us"),
    "texts": ("Marketing", "Text message"),
}


async def read(town: Town, web, campaign: str, language: str = "en", member: str = AINO) -> str:
    answer = await web.get(f"{town.way(campaign, member, 'why')}?lang={language}")
    assert answer.status_code == 200
    return html.unescape(answer.text)


@pytest.mark.parametrize("campaign", PURPOSES)
async def test_the_page_says_purpose_and_basis(town, web, campaign):
    page = await read(town, web, campaign)
    for words in PURPOSES[campaign]:
        assert words in page


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("campaign", CAMPAIGNS)
async def test_the_page_says_every_rule_in_every_language(town, web, campaign, language):
    page = await read(town, web, campaign, language.value)
    evidence = town.run(campaign).evidence
    assert evidence["title"][language.value] in page
    if evidence["audience"] is not None:
        assert evidence["audience"][language.value] in page


async def test_an_audience_is_said_by_what_it_asks_and_not_by_its_name(town, web):
    audience = town.root / "config" / "audiences" / "friends.yaml"
    audience.write_text("title: {fi: K, sv: K, en: Friends}\nmatch: {region: Lappi}\n", encoding="utf-8")
    town.start("named", CAMPAIGNS["offers"].replace("{register: [owners, customers]}", "friends"))
    page = await read(town, web, "named")
    assert "Lappi" in page
    assert "Friends" not in page


async def test_the_page_says_which_data_was_read(town, web):
    path = town.root / "config" / "catalogue.yaml"
    meaning = "{fi: Maakunta, sv: Landskap, en: Region of residence}"
    text = path.read_text("utf-8")
    was = "region: {type: text, class: profile, meaning: {fi: x, sv: x, en: x}"
    assert was in text
    path.write_text(text.replace(was, was.replace("{fi: x, sv: x, en: x}", meaning)), "utf-8")
    vars(town.engine).pop("library")
    assert "What the register says: Region of residence" in await read(town, web, "coffee")


async def test_a_rule_that_is_changed_afterwards_changes_no_explanation(town, web):
    before = await read(town, web, "coffee")
    assert "COFFEE" in before
    town.write("coffee", CAMPAIGNS["coffee"].replace("COFFEE", "CHEESE"))
    assert await read(town, web, "coffee") == before


async def test_products_are_said_to_have_been_used_where_they_were(town, web):
    page = await read(town, web, "coffee")
    assert "Products bought were used" in page
    assert "Purchases were not used." in await read(town, web, "offers")


@pytest.fixture
def half_hidden(town):
    """The message of a member who forbids the use of products, of a rule that took them without."""
    town.say(AINO, "no_purchase_detail")
    text = CAMPAIGNS["coffee"].replace("all:", "any:").replace("[Lappi, Uusimaa]", "Lappi")
    town.start("either", text)
    return town


async def test_products_are_not_named_to_whoever_forbids_their_use(half_hidden, web):
    page = await read(half_hidden, web, "either")
    assert "COFFEE" not in page
    assert "Products bought:" not in page
    assert "were not used for the receiver" in page
    allowed = await read(half_hidden, web, "either", member="m03")
    assert "COFFEE" in allowed


async def test_a_rule_without_products_is_said_though_another_rule_reads_them(town, web):
    town.start(
        "split",
        CAMPAIGNS["offers"].replace(
            "content: {email: hello}",
            "variants:\n"
            "  - {name: lapps, when: {region: Lappi}, email: hello}\n"
            "  - {name: drinkers, when: {bought: {where: {product_category: COFFEE}}}, email: hello}\n"
            "  - {name: others, email: hello}",
        ),
    )
    variants = town.run("split").evidence["variants"]
    assert town.decisions(town.run("split"))[AINO]["variant"] == "lapps"
    assert variants["lapps"]["en"] in await read(town, web, "split")
    by_products = await read(town, web, "split", member="m02")
    assert variants["drinkers"]["en"] in by_products
    assert "Products bought were used" in by_products


def test_a_column_that_is_declared_no_more_is_left_out(town):
    run = town.run("coffee")
    with town.engine.ledger.read() as connection:
        message = find_message(connection, run.number, town.decisions(run)[AINO]["position"])
    catalogue = town.engine.library.catalogue.model_copy(update={"tables": {}})
    assert explanation(message, catalogue, Language.EN)["data"] == []
