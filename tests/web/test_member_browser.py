"""Member pages in a browser by keyboard alone: unsubscribe, change choices and read why, in each language.

axe-core checks every page on the way, on a phone and on a desktop screen (C-05, C-08).
"""

from typing import Any, Final

import pytest

from campaigns.core.model.enums import Choice, Language
from tests.support.browser import DESKTOP_SIZE, PHONE_SIZE, BrowserUser, needs_browser
from tests.support.web_client import AINO, WebWorkspace

HEADINGS: Final = {
    Language.FI: ("Selvä. Viestit loppuvat.", "Selvä. Tämä loppuu.", "Miksi sain tämän viestin?"),
    Language.SV: ("Klart. Meddelandena upphör.", "Klart. Det här upphör.", "Varför fick jag det här meddelandet?"),
    Language.EN: ("Done. The messages stop.", "Done. This stops.", "Why did I get this?"),
}

pytestmark = needs_browser


@pytest.mark.parametrize("size", [PHONE_SIZE, DESKTOP_SIZE], ids=["phone", "desktop"])
@pytest.mark.parametrize("language", Language)
def test_a_member_unsubscribes_changes_choices_and_reads_why_by_keyboard_alone(
    web_workspace: WebWorkspace, visitor: BrowserUser, language: Language, size: dict[str, int]
) -> None:
    visitor.desktop(size)
    unsubscribed, ended, why = HEADINGS[language]
    query = f"?lang={language}"
    visitor.open_page(web_workspace.link("letters") + query)
    visitor.press("main button")
    assert visitor.heading == unsubscribed
    visitor.press("main a[href^='/p/']")
    for choice in ("email_partner", "no_direct_mail", "no_purchase_detail"):
        visitor.press(f'button[value="{choice}"]')
        assert visitor.heading == ended
        assert visitor.page.locator("ul.said li").count() == 1
        visitor.press("main .ways a")
    visitor.open_page(web_workspace.link("coffee", scope="why") + query)
    assert visitor.heading == why
    assert (
        web_workspace.run("coffee").evidence["audience"][language.value] in visitor.page.locator("main").text_content()
    )
    assert {entry.choice for entry in web_workspace.record()} == {
        "newsletter:food", "email_partner", "no_direct_mail", "no_purchase_detail"
    }  # fmt: skip
    check_following_runs(web_workspace)


def check_following_runs(web_workspace: WebWorkspace) -> None:
    """Check that pending deliveries are withdrawn and the next run leaves the member out."""
    for campaign, reason in (("letters", "consent_withdrawn"), ("hotel", "consent_withdrawn")):
        run = web_workspace.run(campaign)
        web_workspace.send(run)
        assert web_workspace.end_states(run)[AINO] == ("withdrawn", reason)
    coffee = web_workspace.run("coffee")
    web_workspace.send(coffee)
    assert web_workspace.end_states(coffee)[AINO] == ("withdrawn", "purchase_data_forbidden")
    web_workspace.clock.advance(days=1)
    following, _ = web_workspace.plan("letters")
    assert AINO not in web_workspace.channels(following)


def test_a_member_signs_in_and_consents_by_keyboard_alone(web_workspace: WebWorkspace, visitor: BrowserUser) -> None:
    visitor.open_page("/me?lang=fi")
    visitor.tab_to("#address")
    visitor.page.keyboard.type(f"{AINO}@example.org")
    visitor.press("main button")
    visitor.tab_to("#code")
    visitor.page.keyboard.type("0000 0000")
    visitor.press("main button")
    assert visitor.page.locator("#code[aria-invalid]").count() == 1
    visitor.tab_to("#code")
    visitor.page.keyboard.type(web_workspace.wait_for_codes(1)[0])
    visitor.press("main button")
    visitor.tick(Choice.TRACKING)
    visitor.tick(Choice.SMS_OWN)
    visitor.press(".save-bar button")
    assert visitor.heading == "Valintasi on tallennettu"
    assert {(entry.choice, entry.on) for entry in web_workspace.record()} == {("tracking", True), ("sms_own", False)}


def test_a_long_name_is_shown_in_full(web_workspace: WebWorkspace, visitor: BrowserUser) -> None:
    web_workspace.change_contact(
        AINO, first_name="Äyräpää", last_name="Wredeafelimälångströmvonörnsköldsvikinkangas-Åkerö"
    )
    visitor.open_page("/me?lang=fi")
    visitor.tab_to("#address")
    visitor.page.keyboard.type(f"{AINO}@example.org")
    visitor.press("main button")
    visitor.tab_to("#code")
    visitor.page.keyboard.type(web_workspace.wait_for_codes(1)[0])
    visitor.press("main button")
    assert "WREDEAFELIMÄ" in visitor.page.inner_text(".kicker")


def test_the_not_found_page_is_accessible_and_links_on(visitor: BrowserUser) -> None:
    visitor.open_page("/u/cut")
    assert visitor.page.locator("main a").count() == 1


def test_the_language_is_changed_by_keyboard_and_records_nothing(
    web_workspace: WebWorkspace, visitor: BrowserUser
) -> None:
    visitor.open_page(web_workspace.link("letters"))
    assert visitor.page.get_attribute("html", "lang") == "sv"
    visitor.press("nav a[lang=en]")
    assert visitor.page.get_attribute("html", "lang") == "en"
    assert web_workspace.record() == []


def test_link_pages_support_dark_mode(web_workspace: WebWorkspace, browser: Any) -> None:
    with BrowserUser.of(web_workspace, browser, "dark") as visitor:
        for scope in ("unsubscribe", "preferences", "why"):
            visitor.open_page(web_workspace.link("letters", scope=scope))
            assert visitor.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 23, 22)"
