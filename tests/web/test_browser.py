"""A real browser, without a mouse: a member ends, changes and reads, in each language, on a telephone and at a desk.

axe-core looks at every page on the way (C-05, C-08).
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from campaigns.spec.words import Choice, Language
from tests.web.served import served
from tests.web.town import AINO, Town

CHROMIUM: Final = Path("/usr/bin/chromium")
SIZES: Final = {"telephone": (375, 740), "desk": (1280, 900)}
WORDS: Final = {
    Language.FI: ("Selvä. Viestit loppuvat.", "Selvä. Tämä loppuu.", "Miksi sain tämän viestin?"),
    Language.SV: ("Klart. Utskicken upphör.", "Klart. Det här upphör.", "Varför fick jag det här?"),
    Language.EN: ("Done. The messages stop.", "Done. This stops.", "Why did I get this?"),
}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(
        not CHROMIUM.exists() and os.environ.get("CI") != "true",
        reason="Chromium is not installed: `apt install chromium`",
    ),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield chromium
        chromium.close()


class Visitor:
    """A member at a keyboard, who has no mouse and no script."""

    def __init__(self, browser: Any, address: str, size: tuple[int, int], scheme: str = "light") -> None:
        self.address = address
        self.page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)

    def goes(self, path: str) -> None:
        self.page.goto(self.address + path)
        self.looks()

    def tabs_to(self, selector: str) -> None:
        """Press Tab until the element has the focus, and see that the focus shows."""
        for _ in range(80):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                break
        else:
            raise AssertionError(f"{selector} cannot be reached by the keyboard")
        outline = self.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"

    def presses(self, selector: str) -> None:
        """Press Enter on a link or a button, and look at the page that comes."""
        self.tabs_to(selector)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.looks()

    def ticks(self, choice: str) -> None:
        self.tabs_to(f'input[value="{choice}"]')
        self.page.keyboard.press("Space")

    def looks(self) -> None:
        """Nothing is cut off at the side, and axe finds nothing serious."""
        from axe_playwright_python.sync_playwright import Axe

        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        found = Axe().run(self.page).response["violations"]
        assert [(fault["id"], fault["impact"], fault["nodes"][0]["html"]) for fault in found] == []

    @property
    def heading(self) -> str:
        return self.page.inner_text("h1")


@pytest.fixture(params=SIZES.values(), ids=SIZES)
def visitor(request: pytest.FixtureRequest, browser: Any, town: Town) -> Iterator[Visitor]:
    with served(town) as address:
        visitor = Visitor(browser, address, request.param)
        yield visitor
        visitor.page.close()


@pytest.mark.parametrize("language", Language)
def test_a_member_ends_changes_and_reads_by_keyboard_alone(town: Town, visitor: Visitor, language: Language) -> None:
    stopped, several, why = WORDS[language]
    asked = f"?lang={language}"
    visitor.goes(town.way("letters") + asked)
    visitor.presses("main button")
    assert visitor.heading == stopped
    visitor.presses("main a[href^='/p/']")
    for choice in ("email_partner", "no_direct_mail", "no_purchase_detail"):
        visitor.ticks(choice)
    visitor.presses("main form:first-of-type > button")
    assert visitor.heading == several
    assert visitor.page.locator("ul.said li").count() == 3
    visitor.goes(town.way("coffee", scope="why") + asked)
    assert visitor.heading == why
    assert town.run("coffee").evidence["audience"][language.value] in visitor.page.inner_text("main")
    assert {entry.choice for entry in town.record()} == {
        "newsletter:food", "email_partner", "no_direct_mail", "no_purchase_detail"
    }  # fmt: skip
    following_run_leaves_out(town)


def following_run_leaves_out(town: Town) -> None:
    """What waits is withdrawn at the claim, and the next run does not choose the member."""
    for campaign, reason in (("letters", "consent_withdrawn"), ("hotel", "consent_withdrawn")):
        run = town.run(campaign)
        town.send(run)
        assert town.ends(run)[AINO] == ("withdrawn", reason)
    coffee = town.run("coffee")
    town.send(coffee)
    assert town.ends(coffee)[AINO] == ("withdrawn", "purchase_data_forbidden")
    town.hands.go(days=1)
    following, _ = town.plan("letters")
    assert AINO not in town.channels(following)


def test_a_member_signs_in_and_allows_something_by_keyboard_alone(town: Town, visitor: Visitor) -> None:
    visitor.goes("/me?lang=fi")
    visitor.tabs_to("#address")
    visitor.page.keyboard.type(f"{AINO}@example.org")
    visitor.presses("main button")
    visitor.tabs_to("#code")
    visitor.page.keyboard.type("0000 0000")
    visitor.presses("main button")
    assert visitor.page.locator("#code[aria-invalid]").count() == 1
    visitor.tabs_to("#code")
    visitor.page.keyboard.type(town.codes()[0])
    visitor.presses("main button")
    visitor.ticks(Choice.TRACKING)
    visitor.ticks(Choice.SMS_OWN)
    visitor.presses("main form:first-of-type > button")
    assert visitor.heading == "Valintasi on tallennettu"
    assert {(entry.choice, entry.on) for entry in town.record()} == {("tracking", True), ("sms_own", False)}


def test_the_pages_that_refuse_can_be_read_too(visitor: Visitor) -> None:
    visitor.goes("/u/cut")
    assert visitor.page.locator("main a").count() == 1


def test_the_language_is_changed_by_keyboard(town: Town, visitor: Visitor) -> None:
    visitor.goes(town.way("letters"))
    assert visitor.page.get_attribute("html", "lang") == "sv"
    visitor.presses("nav a[lang=en]")
    assert visitor.page.get_attribute("html", "lang") == "en"
    assert town.record() == []


def test_the_pages_can_be_read_in_the_dark(town: Town, browser: Any) -> None:
    with served(town) as address:
        visitor = Visitor(browser, address, SIZES["telephone"], "dark")
        for scope in ("unsubscribe", "preferences", "why"):
            visitor.goes(town.way("letters", scope=scope))
        visitor.page.close()
