"""A real browser, without a mouse: newsletters asked for and confirmed, and all that is held, read and taken along."""

import json
import re
from typing import Final

import pytest
from sqlalchemy import select

from audiences.tables import CONTACT
from campaigns.core.model.enums import Language
from tests.support.browser import IN_A_BROWSER, Visitor
from tests.support.web_client import AINO, Town

NEW: Final = "uusi@example.org"
WORDS: Final = {
    Language.FI: ("Katso postisi", "Kiitos!", "Kaikki, mitä tiedämme sinusta"),
    Language.SV: ("Se din post", "Tack!", "Allt vi vet om dig"),
    Language.EN: ("Look at your mail", "Thank you!", "Everything that we know about you"),
}

pytestmark = IN_A_BROWSER


@pytest.mark.parametrize("language", Language)
def test_newsletters_are_asked_for_and_confirmed_by_keyboard_alone(
    town: Town, visitor: Visitor, language: Language
) -> None:
    asked, joined, _ = WORDS[language]
    visitor.goes(f"/join?lang={language}")
    visitor.ticks("newsletter:food")
    visitor.tabs_to("#address")
    visitor.page.keyboard.type(NEW)
    visitor.presses("main button")
    assert visitor.heading == asked
    ((_, letter),) = town.notes()
    visitor.goes(re.findall(r"http://localhost:8000(/join/[\w-]+)", letter)[0] + f"?lang={language}")
    visitor.presses("main button")
    assert visitor.heading == joined
    with town.engine.ledger.read() as connection:
        (member,) = connection.execute(select(CONTACT.c.member_id).where(CONTACT.c.email == NEW)).scalars()
    assert town.contact(member)["newsletters"] == ["food"]


@pytest.mark.parametrize("language", Language)
def test_what_is_held_is_read_and_taken_along_by_keyboard_alone(
    town: Town, visitor: Visitor, language: Language
) -> None:
    _, _, whole = WORDS[language]
    visitor.goes(f"/me?lang={language}")
    visitor.tabs_to("#address")
    visitor.page.keyboard.type(f"{AINO}@example.org")
    visitor.presses("main button")
    types_code(town, visitor)
    visitor.presses("main a[href^='/me/data']")
    visitor.presses("main form[action^='/me/data/code'] button")
    types_code(town, visitor)
    visitor.keeps(f"member-data-{language}")
    with visitor.page.expect_download() as loaded:
        visitor.tabs_to("main input[value=json] ~ button")
        visitor.page.keyboard.press("Enter")
    assert json.loads(loaded.value.path().read_text("utf-8"))["contact"][0]["email"] == f"{AINO}@example.org"
    visitor.presses("main form[action^='/me/data/whole'] button")
    assert visitor.heading == whole
    visitor.keeps(f"member-held-{language}")
    assert f"{AINO}@example.org" in visitor.page.inner_text("main")


def types_code(town: Town, visitor: Visitor) -> None:
    visitor.tabs_to("#code")
    visitor.page.keyboard.type(town.codes()[-1])
    visitor.presses("main button")
