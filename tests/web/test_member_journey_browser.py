"""A member's journey from a message to their data and back, with its presses counted: three languages, two sizes.

Presses are links, buttons and folds; typing a code is not one.
"""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from campaigns.core.model.enums import Language
from tests.support.browser import DESKTOP_SIZE, PHONE_SIZE, BrowserUser, needs_browser
from tests.support.member_walk import type_code
from tests.support.web_client import AINO, WebWorkspace

HEADINGS: Final[Mapping[Language, Mapping[str, str]]] = {
    Language.FI: {
        "stopped": "Selvä. Tämä loppuu.",
        "undone": "Kumottu",
        "choices": "Sinun viestisi, sinun valintasi",
        "saved": "Valintasi on tallennettu",
        "why": "Miksi sain tämän viestin?",
        "held": "Tämän tiedämme sinusta",
        "filed": "Pyyntösi on kirjattu",
        "lifted": "Rajoitus on poistettu",
    },
    Language.SV: {
        "stopped": "Klart. Det här upphör.",
        "undone": "Ångrat",
        "choices": "Dina meddelanden, dina val",
        "saved": "Dina val är sparade",
        "why": "Varför fick jag det här meddelandet?",
        "held": "Det här vet vi om dig",
        "filed": "Din begäran är registrerad",
        "lifted": "Begränsningen är hävd",
    },
    Language.EN: {
        "stopped": "Done. This stops.",
        "undone": "Undone",
        "choices": "Your messages, your choice",
        "saved": "Your choices are saved",
        "why": "Why did I get this?",
        "held": "What we know about you",
        "filed": "Your request is filed",
        "lifted": "The restriction is lifted",
    },
}
PRESSES: Final = {
    "stop a newsletter": 1,
    "undo": 1,
    "sign in": 1,
    "change a choice": 2,
    "see what we hold": 3,
    "correct": 2,
    "restrict": 2,
    "lift": 1,
}
"""The most presses that each step takes, from the page before it."""

pytestmark = needs_browser


class Journey:
    """Presses of a member, counted by step."""

    def __init__(self, workspace: WebWorkspace, user: BrowserUser, language: Language) -> None:
        self.workspace, self.user, self.language = workspace, user, language
        self.presses: dict[str, int] = {}
        self._step = ""

    def begin(self, step: str) -> None:
        self._step = step
        self.presses[step] = 0

    def press(self, selector: str) -> None:
        self.presses[self._step] += 1
        self.user.page.locator(selector).first.click()

    def type_code(self) -> None:
        type_code(self.workspace, self.user)

    def expect(self, heading: str) -> None:
        assert self.user.heading == HEADINGS[self.language][heading]
        assert self.user.page.get_attribute("html", "lang") == self.language.value
        self.user.page.set_viewport_size(self.user.size)
        assert self.user.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("size", [PHONE_SIZE, DESKTOP_SIZE], ids=["phone", "desktop"])
@pytest.mark.parametrize("language", Language)
def test_a_member_goes_from_a_message_to_their_data_and_back_in_few_presses(
    web_workspace: WebWorkspace, browser: Any, language: Language, size: dict[str, int]
) -> None:
    with BrowserUser.of(web_workspace, browser) as user:
        user.desktop(size)
        journey = Journey(web_workspace, user, language)
        stop_and_undo(journey)
        read_why(journey)
        sign_in_and_choose(journey)
        see_and_correct(journey)
        restrict_and_lift(journey)
        assert {step: count for step, count in journey.presses.items() if count > PRESSES[step]} == {}
        assert journey.presses.keys() == PRESSES.keys()


def stop_and_undo(journey: Journey) -> None:
    user, workspace = journey.user, journey.workspace
    user.page.goto(f"{user.address}{workspace.link('letters', AINO, 'preferences')}?lang={journey.language}")
    journey.begin("stop a newsletter")
    journey.press('button[value="newsletter:food"]')
    journey.expect("stopped")
    assert workspace.contact(AINO)["newsletters"] == []
    workspace.clock.advance(seconds=5)
    journey.begin("undo")
    journey.press(".undo button")
    journey.expect("undone")
    assert workspace.contact(AINO)["newsletters"] == ["food"]


def read_why(journey: Journey) -> None:
    user = journey.user
    user.page.goto(f"{user.address}{journey.workspace.link('coffee', AINO, 'why')}?lang={journey.language}")
    journey.expect("why")
    assert "COFFEE" not in user.page.inner_text("main")


def sign_in_and_choose(journey: Journey) -> None:
    """Sign in from the link, where nobody types an address, and change a choice."""
    user = journey.user
    user.page.locator(".ways a[href^='/p/']").click()
    journey.begin("sign in")
    journey.press('button[name="by"][value="email"]')
    assert user.page.locator("input[name=address]").count() == 0
    journey.type_code()
    journey.expect("choices")
    journey.begin("change a choice")
    journey.press("#tracking")
    journey.press(".save-bar button")
    journey.expect("saved")
    assert journey.workspace.contact(AINO)["tracking"] is True


def see_and_correct(journey: Journey) -> None:
    user = journey.user
    user.page.goto(f"{user.address}/me?lang={journey.language}")
    journey.begin("see what we hold")
    journey.press('.ways a[href^="/me/data"]')
    journey.press('form[action^="/me/data/code"] button')
    journey.type_code()
    journey.press('form[action^="/me/data/whole"] button')
    journey.expect("held")
    user.page.goto(f"{user.address}/me/data?lang={journey.language}")
    journey.begin("correct")
    journey.press("summary:has(+ form textarea), details:has(textarea) summary")
    user.page.fill("#words", "Katu on Koivutie 3.")
    journey.press("details:has(textarea) button")
    journey.expect("filed")


def restrict_and_lift(journey: Journey) -> None:
    user, workspace = journey.user, journey.workspace
    user.page.goto(f"{user.address}/me/data?lang={journey.language}")
    journey.begin("restrict")
    journey.press('details:has(input[value="restrict"]) summary')
    journey.press('form:has(input[value="restrict"]) button')
    journey.expect("filed")
    assert workspace.contact(AINO)["restricted"] is True
    workspace.clock.advance(seconds=30)
    user.page.goto(f"{user.address}/me/data?lang={journey.language}")
    journey.begin("lift")
    journey.press('form[action^="/me/restriction"] button')
    journey.expect("lifted")
    assert workspace.contact(AINO)["restricted"] is False
