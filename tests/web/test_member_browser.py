"""A real browser, without a mouse: a member ends, changes and reads, in each language.

axe-core looks at every page on the way, as it is on a telephone and at a desk (C-05, C-08).
"""

from typing import Any, Final

import pytest

from campaigns.core.model.enums import Choice, Language
from tests.support.browser import DESK, IN_A_BROWSER, TELEPHONE, Visitor
from tests.support.web_client import AINO, Town

WORDS: Final = {
    Language.FI: ("Selvä. Viestit loppuvat.", "Selvä. Tämä loppuu.", "Miksi sain tämän viestin?"),
    Language.SV: ("Klart. Utskicken upphör.", "Klart. Det här upphör.", "Varför fick jag det här?"),
    Language.EN: ("Done. The messages stop.", "Done. This stops.", "Why did I get this?"),
}

pytestmark = IN_A_BROWSER


@pytest.mark.parametrize("size", [TELEPHONE, DESK], ids=["telephone", "desk"])
@pytest.mark.parametrize("language", Language)
def test_a_member_ends_changes_and_reads_by_keyboard_alone(
    town: Town, visitor: Visitor, language: Language, size: dict[str, int]
) -> None:
    visitor.sits_at(size)
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


def test_the_longest_name_is_read_to_its_end(town: Town, visitor: Visitor) -> None:
    town.move(AINO, first_name="Äyräpää", last_name="Wredeafelimälångströmvonörnsköldsvikinkangas-Åkerö")
    visitor.goes("/me?lang=fi")
    visitor.tabs_to("#address")
    visitor.page.keyboard.type(f"{AINO}@example.org")
    visitor.presses("main button")
    visitor.tabs_to("#code")
    visitor.page.keyboard.type(town.codes()[0])
    visitor.presses("main button")
    assert "WREDEAFELIMÄ" in visitor.page.inner_text(".kicker")


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
    with Visitor.of(town, browser, "dark") as visitor:
        for scope in ("unsubscribe", "preferences", "why"):
            visitor.goes(town.way("letters", scope=scope))
            assert visitor.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 23, 22)"
