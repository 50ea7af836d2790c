"""Newsletters in a browser: nothing overflows, pairs stay pairs with prices on one line, buttons do not wrap."""

import base64
import os
import re
from decimal import Decimal
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from campaigns.core.model.enums import Channel, Language, Purpose
from campaigns.rendering.checks.template_values import sample_values
from campaigns.rendering.email.email_template import EmailTemplate
from campaigns.rendering.templates.folder import TemplateFolder, load_template_folder
from campaigns.workspace.settings_file import load_settings
from tests.support.browser import AXE, needs_browser
from tests.support.docs_pages import ROOT

pytestmark = needs_browser

SETTINGS = load_settings(ROOT / "config" / "settings.yaml")
LAYOUTS = {"grid": "beauty_brands", "lead": "beauty_mixed", "editorial": "beauty_own_label"}
WIDTHS = (320, 375, 640, 1280)
TWO_LINES = 76
BOXES = """selector => [...document.querySelectorAll(selector)].map(element => {
    const {left, top, width, height} = element.getBoundingClientRect()
    return {left, top, width, height}
})"""
OUTSIDE_OF_THEIR_CELL = """[...document.querySelectorAll(".name, .deal, .price")].filter(element => {
    const range = document.createRange()
    range.selectNodeContents(element)
    return range.getBoundingClientRect().right > element.closest("td").getBoundingClientRect().right + 1
}).map(element => element.innerText)"""
BROKEN_WORDS = """[...document.querySelectorAll(".name")].flatMap(element => {
    const text = (element.querySelector("a") ?? element).firstChild, words = [...text.data.matchAll(/\\S+/g)]
    return words.filter(word => {
        const range = document.createRange()
        range.setStart(text, word.index)
        range.setEnd(text, word.index + word[0].length)
        return new Set([...range.getClientRects()].map(box => box.top)).size > 1
    }).map(word => word[0])
})"""
COLOUR = "selector => getComputedStyle(document.querySelector(selector)).color"
IMAGE = re.compile(r"http://localhost:8000/images/([\w/.-]+)")


@cache
def folder_of(layout: str) -> TemplateFolder:
    return load_template_folder(ROOT, Channel.EMAIL, LAYOUTS[layout])


def offers(language: Language, count: int) -> list[dict[str, Any]]:
    """Return offers with texts of different lengths; the third is not reduced."""
    sample = load_template_folder(ROOT, Channel.EMAIL, "beauty_brands").sample(language)["offers"]
    assert isinstance(sample, list)
    chosen = [dict(sample[place % len(sample)]) for place in range(count)]
    for offer in chosen[2:3]:
        offer.update(reduced=False, lowest_price_30d=None, discount=None)
    return chosen


def html_of(layout: str, language: Language, count: int) -> str:
    """Return a newsletter with its pictures inside."""
    return html_with(layout, language, offers(language, count))


def html_with(layout: str, language: Language, chosen: list[dict[str, Any]]) -> str:
    """Return a newsletter of these offers with its pictures inside."""
    template = EmailTemplate.compile(folder_of(layout), language, SETTINGS)
    values = sample_values(folder_of(layout), Purpose.NEWSLETTER, language, SETTINGS)
    html = template.render({**values, "offers": chosen}).html
    return IMAGE.sub(lambda match: f"data:image/png;base64,{_encoded(ROOT / 'images' / match[1])}", html)


@cache
def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def boxes(page: Any, selector: str) -> list[dict[str, float]]:
    found: list[dict[str, float]] = page.evaluate(BOXES, selector)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_newsletter_is_in_order_at_every_width(browser: Any, layout: str, language: Language, scheme: str) -> None:
    from axe_playwright_python.base import AXE_SCRIPT

    page = browser.new_page(color_scheme=scheme)
    page.add_init_script(AXE_SCRIPT)
    for count in (5, 6):
        page.set_content(html_of(layout, language, count))
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            keep_picture(page, f"newsletter-{layout}-{language}-{count}-{width}-{scheme}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert_pairs(page)
            assert_pictures_keep_their_shape(page)
            assert all(box["height"] < TWO_LINES for box in boxes(page, ".button a"))
    page.evaluate(AXE_SCRIPT)
    problems = [problem for problem in page.evaluate(AXE) if problem[0] == "color-contrast"]
    assert problems == []
    page.close()


def assert_pairs(page: Any) -> None:
    """Assert that cards stand side by side, of one height, with their prices on one line."""
    cards, prices = boxes(page, ".card"), boxes(page, ".card .price")
    assert len(cards) == len(prices)
    assert len(cards) % 2 == 0
    for place in range(0, len(cards), 2):
        (left, right), (price, other_price) = cards[place : place + 2], prices[place : place + 2]
        assert (left["top"], left["height"]) == (right["top"], right["height"])
        assert left["left"] + left["width"] <= right["left"] + 1
        assert abs(price["top"] - other_price["top"]) < 1


def assert_pictures_keep_their_shape(page: Any) -> None:
    """Assert that no picture of an offer is stretched, and that the first is no smaller than the others."""
    pictures = boxes(page, "img.shot, .shot img")
    assert all(abs(box["width"] / box["height"] - 1.5) < 0.02 for box in pictures)
    assert pictures[0]["width"] >= max(box["width"] for box in pictures[1:]) - 1


def keep_picture(page: Any, name: str) -> None:
    if folder := os.environ.get("VIESTI_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_large_prices_and_long_titles_stay_in_their_column(browser: Any, layout: str) -> None:
    large = {"price": Decimal("1234.50"), "lowest_price_30d": Decimal("1999.90"), "discount": Decimal("0.38")}
    titles = cycle(("Vaaleapaahtoinen luomusuodatinkahvi 500 g", "Lämpökaapelijärjestelmän asennuspakkaus", "Kahvi"))
    chosen = [{**offer, **large, "title": next(titles), "unit": "erä"} for offer in offers(Language.FI, 5)]
    page = browser.new_page()
    page.set_content(html_with(layout, Language.FI, chosen))
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        keep_picture(page, f"newsletter-{layout}-large-prices-{width}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(OUTSIDE_OF_THEIR_CELL) == []
    page.close()


@pytest.mark.parametrize("layout", ["grid", "lead"])
def test_an_offer_alone_in_its_row_is_above_its_words_on_a_phone(browser: Any, layout: str) -> None:
    page = browser.new_page(viewport={"width": 375, "height": 900})
    page.set_content(html_of(layout, Language.FI, 5 if layout == "grid" else 6))
    picture, words = boxes(page, ".half:has(.shot)")[0], boxes(page, ".half.wide")[0]
    assert picture["width"] == words["width"] == 375 - 2 * 20
    assert picture["top"] + picture["height"] <= words["top"]
    page.close()


def test_the_words_of_an_editorial_offer_have_the_wider_column(browser: Any) -> None:
    page = browser.new_page(viewport={"width": 640, "height": 900})
    page.set_content(html_of("editorial", Language.FI, 3))
    picture, words = boxes(page, "td.line")[:2]
    assert picture["width"] / words["width"] == pytest.approx(42 / 58, abs=0.01)
    page.close()


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_word_of_a_product_is_broken_on_the_narrowest_phone(browser: Any, layout: str, language: Language) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 900})
    page.set_content(html_of(layout, language, 6))
    assert page.evaluate(BROKEN_WORDS) == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_instead_of_pictures_are_as_legible_as_other_small_print(browser: Any, scheme: str) -> None:
    page = browser.new_page(viewport={"width": 375, "height": 900}, color_scheme=scheme)
    page.set_content(html_of("grid", Language.FI, 6))
    assert page.evaluate(COLOUR, "img.shot") == page.evaluate(COLOUR, ".about")
    page.close()
