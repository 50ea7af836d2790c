"""A real browser, without a mouse: newsletters asked for and confirmed, and all that is held, read and taken along."""

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
WORDS: Final = {
    Language.FI: ("Katso postisi", "Kiitos!", "Kaikki, mitä tiedämme sinusta"),
    Language.SV: ("Se din post", "Tack!", "Allt vi vet om dig"),
    Language.EN: ("Look at your mail", "Thank you!", "Everything that we know about you"),
}

pytestmark = needs_browser


@pytest.mark.parametrize("language", Language)
def test_newsletters_are_asked_for_and_confirmed_by_keyboard_alone(
    web_workspace: WebWorkspace, visitor: BrowserUser, language: Language
) -> None:
    asked, joined, _ = WORDS[language]
    visitor.open_page(f"/join?lang={language}")
    visitor.tick("newsletter:food")
    visitor.tab_to("#address")
    visitor.page.keyboard.type(NEW)
    visitor.press("main button")
    assert visitor.heading == asked
    ((_, letter),) = web_workspace.notices()
    visitor.open_page(re.findall(r"http://localhost:8000(/join/[\w-]+)", letter)[0] + f"?lang={language}")
    visitor.press("main button")
    assert visitor.heading == joined
    with web_workspace.engine.ledger.read() as connection:
        (member,) = connection.execute(select(CONTACT.c.member_id).where(CONTACT.c.email == NEW)).scalars()
    assert web_workspace.contact(member)["newsletters"] == ["food"]


@pytest.mark.parametrize("language", Language)
def test_what_is_held_is_read_and_taken_along_by_keyboard_alone(
    web_workspace: WebWorkspace, visitor: BrowserUser, language: Language
) -> None:
    _, _, whole = WORDS[language]
    visitor.open_page(f"/me?lang={language}")
    visitor.tab_to("#address")
    visitor.page.keyboard.type(f"{AINO}@example.org")
    visitor.press("main button")
    types_code(web_workspace, visitor)
    visitor.press("main a[href^='/me/data']")
    visitor.press("main form[action^='/me/data/code'] button")
    types_code(web_workspace, visitor)
    visitor.keep_screenshot(f"member-data-{language}")
    with visitor.page.expect_download() as loaded:
        visitor.tab_to("main input[value=json] ~ button")
        visitor.page.keyboard.press("Enter")
    assert json.loads(loaded.value.path().read_text("utf-8"))["contact"][0]["email"] == f"{AINO}@example.org"
    visitor.press("main form[action^='/me/data/whole'] button")
    assert visitor.heading == whole
    visitor.keep_screenshot(f"member-held-{language}")
    assert f"{AINO}@example.org" in visitor.page.inner_text("main")


def types_code(web_workspace: WebWorkspace, visitor: BrowserUser) -> None:
    visitor.tab_to("#code")
    visitor.page.keyboard.type(web_workspace.codes()[-1])
    visitor.press("main button")
