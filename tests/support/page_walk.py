"""Steps of a visitor of the member pages, for tests that start after them."""

import re
from html.parser import HTMLParser

import httpx

from tests.support.web_client import WebWorkspace


async def ask_for_code(web: httpx.AsyncClient, address: str) -> str:
    """Ask for a one-time code on the login page; return the challenge."""
    page = await web.post("/me/code", data={"address": address})
    assert page.status_code == 200
    return hidden_fields(page.text)["challenge"][0]


async def sign_in(web_workspace: WebWorkspace, web: httpx.AsyncClient, address: str, place: int = -1) -> httpx.Response:
    """Sign in with the code sent to an address; return the preference centre."""
    challenge = await ask_for_code(web, address)
    response = await web.post("/me/session", data={"challenge": challenge, "code": web_workspace.codes()[place]})
    assert response.status_code == 303
    return await web.get(response.headers["location"])


def hidden_fields(page: str) -> dict[str, list[str]]:
    """Return the values of a page's hidden and ticked fields by name."""
    parser = _Fields()
    parser.feed(page)
    return parser.found


def page_text(page: str) -> str:
    """Return a page's text without the parts that differ between two links."""
    return re.sub(r"/[upws]/[\w-]{34}", "/link", page)


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        name, kind = attributes.get("name"), attributes.get("type")
        if tag == "input" and name and (kind == "hidden" or "checked" in attributes):
            self.found.setdefault(name, []).append(attributes.get("value") or "")
