"""The e-mails of the example workspace: good in three languages, with any number of offers, for whomever."""

import re
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

from campaigns.core.model.enums import Channel, Language, Purpose
from campaigns.rendering.checks.email import check_email
from campaigns.rendering.email.email_template import EmailBody, EmailTemplate, email_variables
from campaigns.rendering.templates.folder import TemplateFolder, load_template_folder
from campaigns.workspace.catalogue_file import load_catalogue
from campaigns.workspace.settings_file import load_settings

ROOT = Path(__file__).parents[2]
SETTINGS = load_settings(ROOT / "config" / "settings.yaml")
KNOWN = frozenset(f"member.{name}" for name in load_catalogue(ROOT / "config" / "catalogue.yaml").profile_columns)
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
class Page:
    """An e-mail's HTML as a reader's program takes it."""

    links: list[str]
    pictures: list[dict[str, str | None]]
    open: list[str]
    text: str = ""


class Reader(HTMLParser):
    """Collects links and pictures, and sees to it that what opens closes."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Page([], [], [])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.page.links.append(dict(attrs)["href"] or "")
        if tag == "img":
            self.page.pictures.append(dict(attrs))
        elif tag not in ("meta", "br"):
            self.page.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.page.pictures.append(dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        assert self.page.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.page.text += data


def page_of(body: EmailBody) -> Page:
    reader = Reader()
    reader.feed(body.html)
    reader.close()
    assert reader.page.open == []
    return reader.page


@cache
def folder_of(name: str) -> TemplateFolder:
    return load_template_folder(ROOT, Channel.EMAIL, name)


@cache
def template_of(name: str, language: Language) -> EmailTemplate:
    return EmailTemplate.compile(folder_of(name), language, SETTINGS)


def offers() -> list[dict[str, object]]:
    found = folder_of("beauty_brands").sample(Language.FI)["offers"]
    assert isinstance(found, list)
    return found


def written(name: str, language: Language, **changes: object) -> EmailBody:
    return template_of(name, language).render({**folder_of(name).sample(language), **changes})


def member(name: str, language: Language, **changes: object) -> dict[str, object]:
    sample = folder_of(name).sample(language)["member"]
    assert isinstance(sample, dict)
    return {**sample, **changes}


def test_every_template_has_its_purpose_here() -> None:
    found = {path.name for path in (ROOT / "templates" / "email").iterdir() if not path.name.startswith("_")}
    assert found == set(PURPOSES)


@pytest.mark.parametrize("name", PURPOSES)
def test_check_has_nothing_to_say(name: str) -> None:
    assert check_email(folder_of(name), PURPOSES[name], KNOWN, SETTINGS) == []


@pytest.mark.parametrize("name", PURPOSES)
def test_no_template_reads_of_a_member_more_than_it_says(name: str) -> None:
    allowed = {
        "bonus_paid": {"member.bonus_last_month"},
        "owner_post": {"member.bonus_last_month", "member.household_size"},
    }
    read = {each for each in email_variables(folder_of(name)) if each.startswith("member.")}
    assert read == {"member.first_name"} | allowed.get(name, set())


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", PURPOSES)
def test_the_html_is_whole_light_and_in_one_language(name: str, language: Language) -> None:
    body = written(name, language)
    page = page_of(body)

    assert len(body.html.encode()) < SOFT_LIMIT
    assert f'<html lang="{language}"' in body.html
    assert all(picture.get("alt") for picture in page.pictures)
    assert all(link.startswith(("http://localhost:8000/", "https://")) for link in page.links)
    assert 0 < len(body.subject) <= 70
    assert not re.search(r"None|\{\{|\{%|\[\[|jq\d", page.text + body.text + body.subject)


@pytest.mark.parametrize("name", PURPOSES)
def test_whoever_has_no_first_name_is_greeted_all_the_same(name: str) -> None:
    for language, hello in ((Language.FI, "Hei!"), (Language.SV, "Hej!"), (Language.EN, "Hello!")):
        body = written(name, language, member=member(name, language, first_name=None))
        assert " !" not in body.subject
        assert " ," not in body.subject
        assert hello in body.text or name == "birthday"
        assert body.subject[0].isupper()


@pytest.mark.parametrize("count", range(1, 7))
@pytest.mark.parametrize("name", WITH_OFFERS)
def test_one_to_six_offers_each_with_its_picture_price_and_lowest_price(name: str, count: int) -> None:
    sample = offers()

    body = written(name, Language.FI, offers=sample[:count])
    page = page_of(body)

    assert [picture["src"] for picture in page.pictures] == [offer["image"] for offer in sample[:count]]
    for text in (page.text, body.text):
        assert text.count("30 päivän alin hinta") == count
        assert text.count("Voimassa") == count


def rows(body: EmailBody) -> list[int]:
    """How many cells Outlook finds in each row of the offers."""
    start = body.html.index('class="paper stack"')
    section = body.html[start : body.html.index('class="paper inset"', start)]
    return [row.count("<!--[if mso | IE]><td style") for row in section.split("</tr></table><table")]


@pytest.mark.parametrize(
    ("count", "cells"), [(1, [2]), (2, [2]), (3, [2, 2]), (4, [2, 2]), (5, [2, 2, 2]), (6, [2, 2, 2])]
)
def test_outlook_is_told_where_each_row_ends(count: int, cells: list[int]) -> None:
    sample = offers()
    assert rows(written("beauty_brands", Language.FI, offers=sample[:count])) == cells


def test_an_offer_at_its_usual_price_claims_no_reduction() -> None:
    sample = offers()
    usual = {**sample[0], "reduced": False, "lowest_price_30d": None, "unit": None}

    body = written("beauty_brands", Language.FI, offers=[usual])

    assert "alin hinta" not in body.html + body.text
    assert 'class="price"' in body.html


def test_win_back_says_less_in_its_short_arm() -> None:
    short, long = (written("win_back", Language.FI, arm=arm) for arm in ("short", "long"))

    assert page_of(short).pictures == []
    assert len(page_of(long).pictures) == 3
    assert "Noutokassi" in long.text
    assert "Noutokassi" not in short.text + short.html


def test_owner_post_speaks_of_the_household_only_where_there_is_one() -> None:
    alone, together, nothing = (
        written("owner_post", Language.FI, member=member("owner_post", Language.FI, **facts)).text
        for facts in (
            {"household_size": 1, "bonus_last_month": 3},
            {"household_size": 4, "bonus_last_month": 3},
            {"household_size": None, "bonus_last_month": None},
        )
    )
    assert "koko talouden" in together
    assert "koko talouden" not in alone + nothing
    assert "Viime kuulta ei kertynyt bonusta" in nothing


def test_the_partner_is_named_and_learns_nothing() -> None:
    body = written("partner_hotel", Language.FI)

    assert "Hotel Aurora" in body.subject + body.html
    assert "Emme ole antaneet tietojasi" in page_of(body).text
    assert [link for link in page_of(body).links if "hotel" in link] == ["https://www.hotel-aurora.example/lahde"]
