"""E-mails of the example workspace, in three languages, with any number of offers and missing values."""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

from campaigns.core.model.enums import Channel, Language, Purpose
from campaigns.rendering.checks.email import check_email
from campaigns.rendering.checks.template_values import sample_values
from campaigns.rendering.email.email_template import EmailBody, EmailTemplate, email_variables
from campaigns.rendering.templates.folder import TemplateFolder, load_template_folder
from campaigns.workspace.catalogue_file import load_catalogue
from campaigns.workspace.settings_file import load_settings
from campaigns.workspace.template_usage import member_variables

ROOT = Path(__file__).parents[2]
SETTINGS = load_settings(ROOT / "config" / "settings.yaml")
CATALOGUE = load_catalogue(ROOT / "config" / "catalogue.yaml")
PURPOSES = {
    "beauty_brands": Purpose.NEWSLETTER,
    "beauty_mixed": Purpose.NEWSLETTER,
    "beauty_own_label": Purpose.NEWSLETTER,
    "birthday": Purpose.MARKETING,
    "bonus_paid": Purpose.SERVICE,
    "owner_post": Purpose.OWNER_POST,
    "partner_hotel": Purpose.MARKETING,
    "survey": Purpose.SURVEY,
    "weekend_cheese": Purpose.MARKETING,
    "weekend_grill": Purpose.MARKETING,
    "win_back": Purpose.MARKETING,
}
WITH_OFFERS = ["beauty_brands", "beauty_mixed", "beauty_own_label", "weekend_cheese", "weekend_grill", "win_back"]
SOFT_LIMIT = 60_000


@dataclass
class ParsedPage:
    """Contents of an e-mail's HTML."""

    links: list[str]
    images: list[dict[str, str | None]]
    open: list[str]
    text: str = ""


class PageParser(HTMLParser):
    """Parser that collects links and images and asserts that every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.page = ParsedPage([], [], [])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.page.links.append(dict(attrs)["href"] or "")
        if tag == "img":
            self.page.images.append(dict(attrs))
        elif tag not in ("meta", "br"):
            self.page.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.page.images.append(dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        assert self.page.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.page.text += data


def parse_page(body: EmailBody) -> ParsedPage:
    parser = PageParser()
    parser.feed(body.html)
    parser.close()
    assert parser.page.open == []
    return parser.page


@cache
def folder_of(name: str) -> TemplateFolder:
    return load_template_folder(ROOT, Channel.EMAIL, name)


@cache
def template_of(name: str, language: Language) -> EmailTemplate:
    return EmailTemplate.compile(folder_of(name), language, SETTINGS)


def offers() -> list[dict[str, object]]:
    values = folder_of("beauty_brands").sample(Language.FI)["offers"]
    assert isinstance(values, list)
    return values


def render(name: str, language: Language, **changes: object) -> EmailBody:
    return template_of(name, language).render(
        {**sample_values(folder_of(name), PURPOSES[name], language, SETTINGS), **changes}
    )


def member_values(name: str, language: Language, **changes: object) -> dict[str, object]:
    sample = folder_of(name).sample(language)["member"]
    assert isinstance(sample, dict)
    return {**sample, **changes}


def test_every_template_is_covered_by_these_tests() -> None:
    values = {path.name for path in (ROOT / "templates" / "email").iterdir() if not path.name.startswith("_")}
    assert values == set(PURPOSES)


@pytest.mark.parametrize("name", PURPOSES)
def test_shipped_templates_pass_check(name: str) -> None:
    assert check_email(folder_of(name), PURPOSES[name], member_variables(CATALOGUE, PURPOSES[name]), SETTINGS) == []


@pytest.mark.parametrize("name", PURPOSES)
def test_templates_use_only_the_expected_member_values(name: str) -> None:
    allowed = {
        "bonus_paid": {"member.bonus_last_month"},
        "owner_post": {"member.bonus_last_month", "member.household_size"},
    }
    used = {name for name in email_variables(folder_of(name)) if name.startswith("member.")}
    assert used == {"member.first_name"} | allowed.get(name, set())


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", PURPOSES)
def test_the_html_is_complete_small_and_in_one_language(name: str, language: Language) -> None:
    body = render(name, language)
    page = parse_page(body)

    assert len(body.html.encode()) < SOFT_LIMIT
    assert f'<html lang="{language}"' in body.html
    assert all(image.get("alt") for image in page.images)
    assert all(link.startswith(("http://localhost:8000/", "https://")) for link in page.links)
    assert 0 < len(body.subject) <= 70
    assert not re.search(r"None|\{\{|\{%|\[\[|jq\d", page.text + body.text + body.subject)


@pytest.mark.parametrize("name", PURPOSES)
def test_a_member_without_a_first_name_gets_a_greeting(name: str) -> None:
    for language, hello in ((Language.FI, "Hei!"), (Language.SV, "Hej!"), (Language.EN, "Hello!")):
        body = render(name, language, member=member_values(name, language, first_name=None))
        assert " !" not in body.subject
        assert " ," not in body.subject
        assert hello in body.text or name == "birthday"
        assert body.subject[0].isupper()


def pictures_of_offers(page: ParsedPage) -> list[str | None]:
    return [image["src"] for image in page.images if "/brand/" not in (image["src"] or "")]


@pytest.mark.parametrize("count", [*range(1, 10), 12])
@pytest.mark.parametrize("name", WITH_OFFERS)
def test_any_number_of_offers_have_image_price_badge_and_lowest_price(name: str, count: int) -> None:
    sample = (offers() * 2)[:count]

    body = render(name, Language.FI, offers=sample)
    page = parse_page(body)

    assert pictures_of_offers(page) == [offer["image"] for offer in sample]
    assert page.text.count("30 pv alin hinta") == body.text.count("30 päivän alin hinta") == count
    assert page.text.count("Voimassa") == body.text.count("Voimassa") == count
    assert body.html.count('class="badge"') == body.html.count("<s>") == count
    assert len(body.html.encode()) < SOFT_LIMIT


@pytest.mark.parametrize("name", WITH_OFFERS)
def test_a_message_without_offers_has_no_heading_for_them(name: str) -> None:
    heading = folder_of(name).texts_in(Language.FI)["offers_heading"]

    body = render(name, Language.FI, offers=[])

    assert heading not in parse_page(body).text + body.text
    assert "alin hinta" not in body.html + body.text
    assert "ld+json" not in body.html


@pytest.mark.parametrize("name", WITH_OFFERS)
def test_cards_of_offers_stand_in_pairs_and_none_alone(name: str) -> None:
    for count in range(1, 9):
        html = render(name, Language.FI, offers=(offers() * 2)[:count]).html
        assert html.count('class="card"') == 2 * len(re.findall(r'<tr>\s*<td class="card"', html))


def test_the_badge_is_the_discount_rounded_down() -> None:
    for language, badge in ((Language.FI, "−20\xa0%"), (Language.SV, "−20\xa0%"), (Language.EN, "−20%")):
        assert f'<span class="badge">{badge}</span>' in render("beauty_brands", language, offers=offers()[:1]).html


def test_the_annotations_tell_the_offers_that_the_message_shows() -> None:
    html = render("beauty_brands", Language.EN).html
    found = re.findall(r'<head>.*<script type="application/ld\+json">(.*?)</script>.*</head>', html, re.DOTALL)

    [annotations] = map(json.loads, found)

    assert annotations[0]["description"] == "Up to 28% off"
    assert [card["headline"] for card in annotations[1:]] == [
        offer["title"] for offer in folder_of("beauty_brands").sample(Language.EN)["offers"]
    ]
    assert {card["url"] for card in annotations[1:]} == {"https://www.lahde.example.org/en/beauty"}
    assert "ld+json" in render("win_back", Language.EN, arm="long").html
    assert "ld+json" not in render("win_back", Language.EN, arm="short").html


@pytest.mark.parametrize(
    "path", sorted((ROOT / "templates" / "email" / "_shared").glob("*.mjml")), ids=lambda path: path.name
)
def test_shared_parts_take_colours_and_typefaces_from_the_brand(path: Path) -> None:
    parts = [line for line in path.read_text("utf-8").splitlines() if "<mj-class" not in line and "rgba(" not in line]
    assert re.findall(r"#[0-9A-Fa-f]{6}\b|Georgia|Helvetica", "\n".join(parts)) == []


def test_an_unreduced_offer_shows_no_lowest_price() -> None:
    sample = offers()
    unreduced = {**sample[0], "reduced": False, "lowest_price_30d": None, "unit": None}

    body = render("beauty_brands", Language.FI, offers=[unreduced])

    assert "alin hinta" not in body.html + body.text
    assert 'class="price"' in body.html
    assert 'class="badge"' not in body.html


def test_win_back_is_shorter_in_its_short_arm() -> None:
    short, long = (render("win_back", Language.FI, arm=arm) for arm in ("short", "long"))

    assert pictures_of_offers(parse_page(short)) == []
    assert len(pictures_of_offers(parse_page(long))) == 3
    assert "Noutokassi" in long.text
    assert "Noutokassi" not in short.text + short.html


def test_owner_post_mentions_the_household_only_if_there_are_several_members() -> None:
    alone, family, unknown = (
        render("owner_post", Language.FI, member=member_values("owner_post", Language.FI, **profile)).text
        for profile in (
            {"household_size": 1, "bonus_last_month": 3},
            {"household_size": 4, "bonus_last_month": 3},
            {"household_size": None, "bonus_last_month": None},
        )
    )
    assert "koko talouden" in family
    assert "koko talouden" not in alone + unknown
    assert "Viime kuulta ei kertynyt bonusta" in unknown


@pytest.mark.parametrize(("bonus", "is_shown"), [("0.99", False), ("1.00", True)])
def test_a_bonus_of_less_than_a_euro_is_no_headline_of_owner_post(bonus: str, is_shown: bool) -> None:
    values = member_values("owner_post", Language.FI, bonus_last_month=Decimal(bonus))
    body = render("owner_post", Language.FI, member=values)
    amount = f"{bonus.replace('.', ',')}\N{NO-BREAK SPACE}€"
    assert [amount in body.html, amount in body.text] == [is_shown, is_shown]


def test_the_partner_e_mail_names_the_partner_and_passes_on_no_data() -> None:
    body = render("partner_hotel", Language.FI)

    assert "Hotel Aurora" in body.subject + body.html
    assert "Emme ole antaneet tietojasi" in parse_page(body).text
    assert [link for link in parse_page(body).links if "hotel" in link] == ["https://www.hotel-aurora.example/lahde"]


NEWSLETTERS = [name for name in WITH_OFFERS if name != "win_back"]
STORE_URL = "https://www.lahde.example.org/myymalat/31782"


@pytest.mark.parametrize("name", NEWSLETTERS)
def test_the_store_of_the_member_is_shown_and_nothing_where_none_is_known(name: str) -> None:
    shown, unknown = render(name, Language.EN), render(name, Language.EN, store=None)

    for text in (parse_page(shown).text, shown.text):
        assert all(value in text for value in ("Your store", "Lähdemarket Puistokatu", "Puistokatu 50, Kuopio"))
        assert "Open 7–22" in text
    assert STORE_URL in parse_page(shown).links
    assert STORE_URL in shown.text
    assert "store" not in parse_page(unknown).text.replace("stores", "") + unknown.text.replace("stores", "")


@pytest.mark.parametrize("missing", ["street", "city", "hours", "url"])
def test_a_store_without_one_of_its_facts_is_shown_with_the_others(missing: str) -> None:
    store = sample_values(folder_of("beauty_brands"), Purpose.NEWSLETTER, Language.FI, SETTINGS)["store"]
    assert isinstance(store, dict)

    body = render("beauty_brands", Language.FI, store={**store, missing: None})

    assert "Lähdemarket Puistokatu" in body.html
    assert str(store[missing]) not in parse_page(body).text.replace("Lähdemarket Puistokatu", "") + "".join(
        parse_page(body).links
    )


@pytest.mark.parametrize("name", sorted(PURPOSES))
def test_the_logo_stands_on_light_ground_where_a_mailbox_darkens_the_message_by_itself(name: str) -> None:
    html, ground = render(name, Language.FI).html, SETTINGS.brand.colours.ground
    assert '<span class="plate"><img class="by-day"' in html
    assert f"background-image: linear-gradient({ground}, {ground})" in html  # mailboxes darken plain colours only
    assert ".plate { background-image: none !important; }" in html.partition("prefers-color-scheme: dark")[2]
