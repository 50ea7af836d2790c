"""Browser by keyboard alone: a waiting request, its cancellation, and the refusal of a change, in three languages."""

import pytest

from campaigns.core.model.enums import Language
from campaigns.people.desk import changes
from tests.support.browser import BrowserUser, needs_browser
from tests.support.contact_links import links_to
from tests.support.web_client import AINO, WebWorkspace

pytestmark = needs_browser
HOURS = {Language.FI: "klo 11.00", Language.SV: "kl. 11.00", Language.EN: "at 11:00"}
PHONE, EVIL = "+358401230001", "evil@example.net"


def type_code(web_workspace: WebWorkspace, visitor: BrowserUser) -> None:
    codes = web_workspace.wait_for_codes(visitor.codes_typed + 1)
    visitor.codes_typed = len(codes)
    visitor.tab_to("#code")
    visitor.page.keyboard.type(codes[-1])
    visitor.press("main form:has(#code) button")


@pytest.mark.parametrize("language", Language)
def test_a_waiting_request_is_shown_and_cancelled_by_keyboard_alone(
    web_workspace: WebWorkspace, visitor: BrowserUser, language: Language
) -> None:
    changes.change_contact(web_workspace.engine.context, AINO, {"email": EVIL}, [])
    visitor.open_page(f"/me?lang={language}")
    visitor.tab_to("#address")
    visitor.page.keyboard.type(PHONE)
    visitor.press("main button")
    type_code(web_workspace, visitor)
    visitor.keep_screenshot(f"member-unproven-{language}")
    visitor.press("main a[href^='/me/data']")
    visitor.press("main form:has([value=sms]) button")
    type_code(web_workspace, visitor)
    visitor.press("main form[action^='/me/data/whole'] button")
    visitor.keep_screenshot(f"member-waits-{language}")
    assert HOURS[language] in visitor.page.inner_text(".lead")
    for path in ("stop-request", "not-me"):
        (link,) = links_to(web_workspace, f"{AINO}@example.org", path)
        visitor.open_page(f"{link}?lang={language}")
        visitor.keep_screenshot(f"member-{path}-{language}")
        visitor.press("main button")
    assert web_workspace.contact(AINO)["email"] == f"{AINO}@example.org"
    assert web_workspace.ledger_dump()["member_session"] == []
