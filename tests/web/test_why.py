"""Why a message was sent: explained from stored evidence, without products whose use is forbidden (C-09, GD-10)."""

import html
import re
from typing import Final

import pytest
from sqlalchemy import update

from campaigns.core.model.enums import Language
from campaigns.store.runs.linked_message import find_message
from campaigns.store.runs.run_tables import DECISION, RUN
from campaigns.web.members.why_received import explanation
from tests.support.web_client import AINO, CAMPAIGNS, WebWorkspace

PURPOSES: Final = {
    "letters": ("A newsletter that was subscribed to", "Consent of the receiver"),
    "offers": ("Marketing", "Consent of the receiver"),
    "hotel": ("Marketing", "on behalf of Hotel Aurora"),
    "owners": ("Co-op member post", "Consent of the receiver"),
    "asking": ("A survey", "Consent of the receiver"),
    "service": ("Dealings with us", "the law obliges us"),
    "texts": ("Marketing", "Text message"),
}


async def why_page(web_workspace: WebWorkspace, web, campaign: str, language: str = "en", member: str = AINO) -> str:
    answer = await web.get(f"{web_workspace.link(campaign, member, 'why')}?lang={language}")
    assert answer.status_code == 200
    return html.unescape(answer.text)


@pytest.mark.parametrize("campaign", PURPOSES)
async def test_the_page_shows_purpose_and_legal_basis(web_workspace, web, campaign):
    page = await why_page(web_workspace, web, campaign)
    for words in PURPOSES[campaign]:
        assert words in page


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("campaign", CAMPAIGNS)
async def test_the_page_describes_the_rules_in_every_language(web_workspace, web, campaign, language):
    page = await why_page(web_workspace, web, campaign, language.value)
    evidence = web_workspace.run(campaign).evidence
    assert evidence["title"][language.value] in page
    if evidence["audience"] is not None:
        assert evidence["audience"][language.value] in page


async def test_an_audience_is_described_by_its_rule_and_not_by_its_name(web_workspace, web):
    audience = web_workspace.root / "config" / "audiences" / "friends.yaml"
    audience.write_text("title: {fi: K, sv: K, en: Friends}\nmatch: {region: Lappi}\n", encoding="utf-8")
    web_workspace.start("named", CAMPAIGNS["offers"].replace("{register: [owners, customers]}", "friends"))
    page = await why_page(web_workspace, web, "named")
    assert "Lappi" in page
    assert "Friends" not in page


INTERNAL: Final = (
    *("COFFEE", "COSMETICS", "DRUG GM", "Identifier", "tunniste", "beteckning", "Buyer", "Ostaja", "Köpare"),
    *("product_category", "basket_id", "everyone", "newsletter:"),
)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("campaign", CAMPAIGNS)
async def test_c09_the_page_holds_no_code_and_no_key(web_workspace, web, campaign, language):
    page = await why_page(web_workspace, web, campaign, language.value)
    assert [code for code in INTERNAL if code in page] == []


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("campaign", CAMPAIGNS)
async def test_c09_the_reason_is_at_most_five_sentences_and_the_details_are_folded(
    web_workspace, web, campaign, language
):
    page = await why_page(web_workspace, web, campaign, language.value)
    because = page[page.index('<div class="because">') : page.index("</div>", page.index('<div class="because">'))]
    text = re.sub(r"<[^>]+>", " ", because)
    assert 1 <= len(re.findall(r"[.!?](?=\s)", text)) <= 5
    assert page.index("<details") < page.index("<dl>")
    assert "<details open" not in page


@pytest.mark.parametrize(
    ("language", "name"), [(Language.FI, "kahvi"), (Language.SV, "kaffe"), (Language.EN, "coffee")]
)
async def test_c09_goods_are_named_in_the_members_language(web_workspace, web, language, name):
    page = await why_page(web_workspace, web, "coffee", language.value)
    assert page.count(name) >= 2


async def test_c09_goods_without_a_label_are_named_generally_and_never_by_their_code(web_workspace, web):
    web_workspace.start("unnamed", CAMPAIGNS["coffee"].replace("COFFEE", "[COFFEE, CHEESE]"))
    (web_workspace.root / "config" / "labels" / "goods.yaml").unlink()
    web_workspace.reload()
    web_workspace.start("unnamed_too", CAMPAIGNS["coffee"])
    assert "coffee or cheese" not in await why_page(web_workspace, web, "unnamed_too")
    page = await why_page(web_workspace, web, "unnamed_too")
    assert "goods of certain groups" in page
    assert "certain groups of goods" in page
    assert "COFFEE" not in page
    assert "“coffee” or “cheese”" in await why_page(web_workspace, web, "unnamed")


@pytest.mark.hostile
async def test_c09_a_label_is_shown_as_text(web_workspace, web):
    path = web_workspace.root / "config" / "labels" / "goods.yaml"
    path.write_text(path.read_text("utf-8").replace("en: coffee", 'en: "<script>x</script>"'), "utf-8")
    web_workspace.reload()
    web_workspace.start("marked", CAMPAIGNS["coffee"])
    answer = await web.get(f"{web_workspace.link('marked', AINO, 'why')}?lang=en")
    assert "<script>" not in answer.text


async def test_the_page_names_the_data_that_was_read(web_workspace, web):
    path = web_workspace.root / "config" / "catalogue.yaml"
    meaning = "{fi: Maakunta, sv: Landskap, en: Region of residence}"
    text = path.read_text("utf-8")
    original = "region: {type: text, class: profile, meaning: {fi: x, sv: x, en: x}"
    assert original in text
    path.write_text(text.replace(original, original.replace("{fi: x, sv: x, en: x}", meaning)), "utf-8")
    web_workspace.reload()
    assert "Basic details: Region of residence" in await why_page(web_workspace, web, "coffee")


async def test_later_changes_of_a_rule_do_not_change_the_explanation(web_workspace, web):
    before = await why_page(web_workspace, web, "coffee")
    assert "coffee" in before
    web_workspace.write_campaign("coffee", CAMPAIGNS["coffee"].replace("COFFEE", "CHEESE"))
    assert await why_page(web_workspace, web, "coffee") == before


async def test_the_page_says_whether_purchases_were_used(web_workspace, web):
    page = await why_page(web_workspace, web, "coffee")
    assert "Products bought were used" in page
    assert "Purchases were not used." in await why_page(web_workspace, web, "offers")


@pytest.fixture
def products_forbidden(web_workspace):
    """Message to a member who forbids the use of products and was selected without them."""
    web_workspace.record_choices(AINO, "no_purchase_detail")
    text = CAMPAIGNS["coffee"].replace("all:", "any:").replace("[Lappi, Uusimaa]", "Lappi")
    web_workspace.start("either", text)
    return web_workspace


async def test_products_are_not_named_to_members_who_forbid_their_use(products_forbidden, web):
    page = await why_page(products_forbidden, web, "either")
    assert "coffee" not in page.casefold()
    assert "Products bought:" not in page
    assert "were not used for the receiver" in page
    other_page = await why_page(products_forbidden, web, "either", member="m03")
    assert "coffee" in other_page


async def test_a_rule_without_products_is_described_though_another_rule_reads_them(web_workspace, web):
    web_workspace.start(
        "split",
        CAMPAIGNS["offers"].replace(
            "content: {email: hello}",
            "variants:\n"
            "  - {name: lapps, when: {region: Lappi}, email: hello}\n"
            "  - {name: drinkers, when: {bought: {where: {product_category: COFFEE}}}, email: hello}\n"
            "  - {name: others, email: hello}",
        ),
    )
    variants = web_workspace.run("split").evidence["variants"]
    assert web_workspace.decisions(web_workspace.run("split"))[AINO]["variant"] == "lapps"
    assert variants["lapps"]["en"] in await why_page(web_workspace, web, "split")
    by_products = await why_page(web_workspace, web, "split", member="m02")
    assert variants["drinkers"]["en"] in by_products
    assert "Products bought were used" in by_products


def test_columns_no_longer_declared_are_left_out(web_workspace):
    run = web_workspace.run("coffee")
    with web_workspace.engine.context.ledger.read() as connection:
        message = find_message(connection, run.number, web_workspace.decisions(run)[AINO]["position"])
    catalogue = web_workspace.engine.context.repository.catalogue.model_copy(update={"tables": {}})
    assert explanation(message, catalogue, Language.EN)["data"] == []


OFFERS: Final = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email]
offers: {at_most: 4}
content: {email: offers}
"""
HEADING: Final = {
    "fi": "Miksi juuri nämä tarjoukset",
    "sv": "Varför just de här erbjudandena",
    "en": "Why these offers",
}


@pytest.fixture
def ranked(web_workspace):
    """Message with offers in the order of purchases, with every kind of reason in the member's decision."""
    run = web_workspace.start("ranked", OFFERS)
    numbers = [run.counts["offer_ids"].index(offer_id) for offer_id in run.evidence["offer_names"]]
    kept = " ".join(f"{number}{form}" for number, form in zip(numbers, ("r12,21", "o", "n", "p"), strict=False))
    with web_workspace.engine.context.ledger.write() as connection:
        connection.execute(
            update(DECISION)
            .where(DECISION.c.run_number == run.number, DECISION.c.member_id == AINO)
            .values(offers=kept)
        )
    return web_workspace


@pytest.mark.parametrize(
    ("language", "reason"),
    [
        ("fi", "Saajalle jotain uutta."),
        ("sv", "Något nytt för mottagaren."),
        ("en", "Something new for the receiver."),
    ],
)
async def test_c09_the_page_says_why_each_offer_was_chosen(ranked, web, language, reason):
    page = await why_page(ranked, web, "ranked", language)
    titles = [names["title"][language] for names in ranked.run("ranked").evidence["offer_names"].values()]
    assert HEADING[language] in page
    assert reason in page
    assert all(title in page for title in titles[:4])


async def test_c09_reasons_of_offers_are_those_of_the_stored_decision(ranked, web):
    before = await why_page(ranked, web, "ranked")
    (ranked.root / "config" / "offers.yaml").write_text("offers: []\n", "utf-8")
    (ranked.root / "config" / "labels" / "goods.yaml").unlink()
    ranked.reload()
    assert await why_page(ranked, web, "ranked") == before


@pytest.mark.parametrize("choice", ["no_purchase_detail", "no_marketing", "restricted"])
async def test_c09_reasons_of_offers_are_hidden_once_purchases_may_not_be_used(ranked, web, choice):
    assert HEADING["en"] in await why_page(ranked, web, "ranked")
    ranked.record_choices(AINO, choice)
    page = await why_page(ranked, web, "ranked")
    assert HEADING["en"] not in page
    assert "12 days" not in page


async def test_c09_no_page_of_a_partners_message_shows_reasons_of_offers(ranked, web):
    with ranked.engine.context.ledger.write() as connection:
        connection.execute(update(RUN).where(RUN.c.campaign == "ranked").values(partner="Hotel Aurora"))
    assert HEADING["en"] not in await why_page(ranked, web, "ranked")


async def test_c09_a_plan_keeps_no_reason_for_a_member_who_forbids_the_use_of_purchases(web_workspace, web):
    web_workspace.record_choices(AINO, "no_purchase_detail")
    run = web_workspace.start("ranked", OFFERS)
    kept = {member: decision["offers"] for member, decision in web_workspace.decisions(run).items()}
    assert not re.search("[a-z]", kept[AINO])
    assert any(re.search("[a-z]", offers) for member, offers in kept.items() if member != AINO)
    assert HEADING["en"] not in await why_page(web_workspace, web, "ranked")
