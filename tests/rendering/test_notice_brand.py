"""Notices take logo, colours, typefaces and footer from the brand."""

import re

import pytest

from campaigns.core.model.brand import Brand, Colours, Logo, LogoPicture
from campaigns.core.model.enums import Language
from campaigns.core.model.localised_text import Localised
from campaigns.rendering.notice_writer import TEMPLATES_FOLDER, NoticeText, NoticeWriter
from tests.support.template_folders import SETTINGS

TEXT = NoticeText(
    "Koodi", "Tässä koodisi.", "Se vanhenee.", code="1234 5678", link="http://localhost:8000/me", button="Avaa"
)
PICTURE = LogoPicture("brand/logo.png", b"", 400, 80)
BRAND = Brand(
    colours=Colours(accent="#8A2152", ink="#101010"),
    logo=Logo(PICTURE, PICTURE, 180),
    footer=Localised(fi="Omamme & teidän", sv="Vårt", en="Ours"),
)


@pytest.mark.parametrize("language", Language)
def test_a_notice_has_logo_colours_and_footer_of_the_brand(language):
    body = NoticeWriter(SETTINGS.model_copy(update={"brand": BRAND})).email(TEXT, language)
    assert '<img class="by-day" src="http://localhost:8000/images/brand/logo.png"' in " ".join(body.html.split())
    assert {"#8A2152", "#101010"} <= set(re.findall(r"#[0-9A-F]{6}", body.html))
    assert "#0E6A62" not in body.html
    footer = BRAND.footer.text(language)
    assert footer in body.text
    assert footer.replace("&", "&amp;") in body.html


def test_a_notice_without_a_logo_says_the_name():
    body = NoticeWriter(SETTINGS).email(TEXT, Language.FI)
    assert "<img" not in body.html
    assert re.search(r">\s*Osuuskauppa Lähde\s*<", body.html)


def test_notices_name_no_colour_or_typeface_of_their_own():
    source = (TEMPLATES_FOLDER / "body.mjml").read_text("utf-8")
    assert re.findall(r"#[0-9A-Fa-f]{6}|Georgia|Helvetica", source) == []
