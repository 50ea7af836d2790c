"""Pages take colours, typefaces, logo and footer from the brand."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.model.brand import Brand, Colours, DarkColours, Logo, LogoPicture, Typefaces
from campaigns.core.model.colour import contrast
from campaigns.core.model.enums import Language
from campaigns.core.model.localised_text import Localised
from campaigns.web.brand_style import icon, style_sheet
from campaigns.web.page_renderer import PageRenderer
from campaigns.web.static_files import STATIC
from tests.support.template_folders import SETTINGS

BRAND = Brand(
    colours=Colours(brand="#5B1A3A", accent="#8A2152"),
    dark=DarkColours(accent="#F2A7C9"),
    type=Typefaces(heading="Palatino, serif"),
    logo=Logo(LogoPicture("brand/a.png", b"a", 400, 100), LogoPicture("brand/b.png", b"b", 400, 100), 180),
    footer=Localised(fi="Omamme & teidän", sv="Vårt", en="Ours"),
)
BRANDED = SETTINGS.model_copy(update={"brand": BRAND})
COLOURS = st.integers(0, 0xFFFFFF).map("#{:06X}".format)


def page(settings=BRANDED, language=Language.FI) -> str:
    return bytes(
        PageRenderer(settings).render("error", language, "/me", said=404, at="/me", is_desk=False).body
    ).decode()


def test_a_page_shows_the_logo_by_day_and_in_the_dark_with_the_name_for_those_who_do_not_see_it():
    text = page()
    assert '<source srcset="/images/brand/b.png?v=3e23e8160039594a" media="(prefers-color-scheme: dark)">' in text
    assert '<img src="/images/brand/a.png?v=ca978112ca1bbdca" alt="Osuuskauppa Lähde" width="180" height="45">' in text


def test_a_page_without_a_logo_says_the_name():
    assert re.search(r'<p class="brand">\s*Osuuskauppa Lähde\s*</p>', page(SETTINGS))


def test_the_footer_stands_on_every_page_in_its_language():
    assert "Omamme &amp; teidän" in page()
    assert "Vårt" in page(language=Language.SV)
    assert 'class="motto"' not in page(SETTINGS)


def test_the_style_sheet_has_the_brand_s_colours_by_day_and_in_the_dark():
    day, dark = style_sheet(BRAND).content.decode().split("@media (prefers-color-scheme: dark)")
    assert "--accent: #8A2152;" in day
    assert "--hero: #5B1A3A;" in day
    assert "--heading-font: Palatino, serif;" in day
    assert "--accent: #F2A7C9;" in dark


def test_another_brand_has_another_address():
    assert style_sheet(BRAND).url != style_sheet(Brand()).url
    assert f'href="{style_sheet(BRAND).url}"' in page()
    assert f'href="{icon(BRANDED).url}"' in page()


def test_every_property_of_the_style_sheets_is_the_brand_s_and_each_is_used():
    sheets = "".join((STATIC / name).read_text("utf-8") for name in ("pages.css", "desk.css"))
    used = set(re.findall(r"var\(--([a-z-]+)\)", sheets))
    made = set(re.findall(r"--([a-z-]+):", style_sheet(Brand()).content.decode()))
    assert used == made


def test_static_style_sheets_name_no_colour_of_their_own():
    sheets = "".join((STATIC / name).read_text("utf-8") for name in ("pages.css", "desk.css"))
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[^{}]*[;}])", sheets) == []


@given(COLOURS, COLOURS, COLOURS)
def test_texts_on_the_hero_are_legible_in_every_brand(brand, accent, alert):
    css = style_sheet(Brand(colours=Colours(brand=brand, accent=accent, alert=alert))).content.decode()
    values = dict(re.findall(r"--([a-z-]+): (#\w+);", css.split("@media")[0]))
    assert contrast(values["on-hero"], values["hero"]) >= 4.5
    assert contrast(values["on-hero-soft"], values["hero"]) >= 4.5
    assert contrast(values["on-alert"], values["alert"]) >= 4.5


@given(COLOURS, COLOURS)
def test_borders_of_fields_can_be_seen_wherever_muted_texts_can(muted, paper):
    if contrast(muted, paper) < 4.5:
        return
    css = style_sheet(Brand(colours=Colours(muted=muted, paper=paper, sand=paper))).content.decode()
    edge = re.search(r"--edge: (#\w+);", css)[1]
    assert contrast(edge, paper) >= 3


@pytest.mark.parametrize("name", ["Örn", "<b>", "&"])
def test_the_icon_has_the_first_letter_and_never_markup(name):
    organisation = SETTINGS.organisation.model_copy(update={"name": Localised(fi=name, sv="x", en="x")})
    svg = icon(SETTINGS.model_copy(update={"organisation": organisation})).content.decode()
    assert svg.count("<") == 5
    assert {"Örn": ">Ö<", "<b>": ">&lt;<", "&": ">&amp;<"}[name] in svg


async def test_the_brand_s_style_sheet_is_kept_for_a_year_and_asked_for_by_its_etag(web):
    address = re.search(r'href="(/static/brand\.css[^"]+)"', (await web.get("/me")).text)[1]
    answer = await web.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'; img-src 'self'")
    again = await web.get("/static/brand.css", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.headers["cache-control"]) == (304, "public, max-age=3600")
    assert (await web.head(address)).status_code == 200
    assert (await web.post(address)).status_code == 405
