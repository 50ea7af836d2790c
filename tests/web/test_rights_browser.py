"""Browser by keyboard alone: newsletter sign-up, and reading and downloading all personal data."""

import json
import re
from typing import Final

import pytest
from sqlalchemy import select

from audiences.tables import CONTACT
from campaigns.core.model.enums import Language
from tests.support.browser import BrowserUser, needs_browser
from tests.support.web_client import AINO, WebWorkspace

NEW: Final = "uusi@example.org"
HEADINGS: Final = {
    Language.FI: ("Tarkista sähköpostisi", "Kiitos!", "Tämän tiedämme sinusta"),
    Language.SV: ("Kolla din e-post", "Tack!", "Det här vet vi om dig"),
    Language.EN: ("Check your e-mail", "Thank you!", "What we know about you"),
}

pytestmark = needs_browser


@pytest.mark.parametrize("language", Language)
def test_a_newsletter_sign_up_is_requested_and_confirmed_by_keyboard_alone(
    web_workspace: WebWorkspace, visitor: BrowserUser, language: Language
) -> None:
    requested, confirmed, _ = HEADINGS[language]
    visitor.open_page(f"/join?lang={language}")
    visitor.tick("newsletter:food")
    visitor.tab_to("#address")
    visitor.page.keyboard.type(NEW)
    visitor.press("main button")
    assert visitor.heading == requested
    ((_, letter),) = web_workspace.wait_for_notices(1)
    visitor.open_page(re.findall(r"http://localhost:8000(/join/[\w-]+)", letter)[0] + f"?lang={language}")
    visitor.press("main button")
    assert visitor.heading == confirmed
    with web_workspace.engine.context.ledger.read() as connection:
        (member,) = connection.execute(select(CONTACT.c.member_id).where(CONTACT.c.email == NEW)).scalars()
    assert web_workspace.contact(member)["newsletters"] == ["food"]


@pytest.mark.parametrize("language", Language)
def test_personal_data_is_read_and_downloaded_by_keyboard_alone(
    web_workspace: WebWorkspace, visitor: BrowserUser, language: Language
) -> None:
    _, _, all_data = HEADINGS[language]
    visitor.open_page(f"/me?lang={language}")
    visitor.tab_to("#address")
    visitor.page.keyboard.type(f"{AINO}@example.org")
    visitor.press("main button")
    type_code(web_workspace, visitor)
    visitor.press("main a[href^='/me/data']")
    visitor.press("main form[action^='/me/data/code'] button")
    type_code(web_workspace, visitor)
    visitor.keep_screenshot(f"member-data-{language}")
    with visitor.page.expect_download() as download:
        visitor.open_all_folds()
        visitor.tab_to("main input[value=json] ~ button")
        visitor.page.keyboard.press("Enter")
    assert json.loads(download.value.path().read_text("utf-8"))["contact"][0]["email"] == f"{AINO}@example.org"
    visitor.press("main form[action^='/me/data/whole'] button")
    assert visitor.heading == all_data
    visitor.keep_screenshot(f"member-held-{language}")
    visitor.open_all_folds()
    visitor.check_page()
    assert f"{AINO}@example.org" in visitor.page.inner_text("main")


def type_code(web_workspace: WebWorkspace, visitor: BrowserUser) -> None:
    codes = web_workspace.wait_for_codes(visitor.codes_typed + 1)
    visitor.codes_typed = len(codes)
    visitor.tab_to("#code")
    visitor.page.keyboard.type(codes[-1])
    visitor.press("main button")
