"""Pages that a member sees while strangers use up the codes of their address, on a phone and on a desktop screen."""

from typing import Final

import pytest

from campaigns.core.model.enums import Language
from tests.support.browser import DESKTOP_SIZE, PHONE_SIZE, BrowserUser, needs_browser
from tests.support.web_client import AINO, WebWorkspace

USED_UP: Final = {
    Language.FI: "Nyt emme lähetä uutta koodia",
    Language.SV: "Vi skickar ingen ny kod just nu",
    Language.EN: "We send no new code now",
}

pytestmark = needs_browser


@pytest.mark.parametrize("size", [PHONE_SIZE, DESKTOP_SIZE], ids=["phone", "desktop"])
@pytest.mark.parametrize("language", Language)
def test_a_member_whose_codes_are_used_up_reads_so_and_signs_in_by_a_link(
    web_workspace: WebWorkspace, visitor: BrowserUser, language: Language, size: dict[str, int]
) -> None:
    visitor.desktop(size)
    for _ in range(6):
        visitor.page.context.clear_cookies()
        visitor.open_page(f"/me?lang={language}")
        visitor.page.fill("#address", f"{AINO}@example.org")
        visitor.press("main button")
    assert visitor.heading == USED_UP[language]
    visitor.keep_screenshot(f"code-used-up-{language}-{size['width']}")
    visitor.open_page(web_workspace.link("letters", scope="preferences") + f"?lang={language}")
    visitor.press("main form[action$='/code?lang={language}'] button".replace("{language}", language))
    visitor.keep_screenshot(f"code-by-link-{language}-{size['width']}")
    visitor.page.fill("#code", web_workspace.wait_for_codes(6)[-1])  # five by the address, one by the link
    visitor.press("main button")
    assert f"{AINO}@example.org" in visitor.page.inner_text("main")


def test_a_number_that_is_not_served_is_marked_at_its_field(visitor: BrowserUser) -> None:
    visitor.open_page("/me?lang=en")
    visitor.page.fill("#address", "+46 70 123 45 67")
    visitor.press("main button")
    assert visitor.page.get_attribute("#address", "aria-invalid") == "true"
    visitor.keep_screenshot("number-not-served")
