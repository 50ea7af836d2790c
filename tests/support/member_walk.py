"""Ways to every member page in a browser, for tests that look at each of them."""

from typing import Final

from campaigns.core.model.enums import Language
from tests.support.browser import BrowserUser
from tests.support.web_client import WebWorkspace

MEMBER_PAGES: Final = (
    *("unsubscribe", "stopped", "settings", "settings_stopped", "undone", "why", "code", "sign_in"),
    *("choices", "saved", "data", "data_open", "held", "join", "not_found"),
)
"""Names of the pages that `open_member_page` knows."""
_SETTINGS: Final = ("settings", "settings_stopped", "undone")


def open_member_page(workspace: WebWorkspace, user: BrowserUser, name: str, language: Language) -> None:
    """Open a page as a visitor would reach it."""
    query, page = f"?lang={language.value}", user.page
    paths = {
        "why": lambda: workspace.link("coffee", scope="why"),
        "sign_in": lambda: "/me",
        "join": lambda: "/join",
        "not_found": lambda: "/u/cut",
        **dict.fromkeys(("unsubscribe", "stopped"), lambda: workspace.link("letters")),
        **dict.fromkeys(_SETTINGS, lambda: workspace.link("letters", scope="preferences")),
    }
    if name not in paths:
        _sign_in(workspace, user, name, query)
        return
    page.goto(user.address + paths[name]() + query)
    if name == "stopped":
        page.click("main button")
    if name in {"settings_stopped", "undone"}:
        page.click('button[value="newsletter:food"]')
    if name == "undone":
        workspace.clock.advance(seconds=5)
        page.click(".undo button")


def _sign_in(workspace: WebWorkspace, user: BrowserUser, name: str, query: str) -> None:
    page = user.page
    page.goto(user.address + workspace.link("letters", scope="preferences") + query)
    page.click('button[name="by"][value="email"]')
    if name == "code":
        return
    type_code(workspace, user)
    if name == "saved":
        page.check("#tracking")
        page.click(".save-bar button")
    if name in {"data", "data_open", "held"}:
        page.goto(f"{user.address}/me/data{query}")
    if name in {"data_open", "held"}:
        page.click('form[action^="/me/data/code"] button')
        type_code(workspace, user)
    if name == "held":
        page.click('form[action^="/me/data/whole"] button')


def type_code(workspace: WebWorkspace, user: BrowserUser) -> None:
    """Wait for the next code, which is sent after the page, type it and go on."""
    codes = workspace.wait_for_codes(user.codes_typed + 1)
    user.codes_typed = len(codes)
    user.page.fill("#code", codes[-1])
    user.page.click("main button")
