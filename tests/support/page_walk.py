"""What a visitor does on the pages, for tests that begin after it."""

import re
from html.parser import HTMLParser

import httpx

from tests.support.web_client import WebWorkspace


async def ask_for_code(web: httpx.AsyncClient, address: str) -> str:
    """Ask for a code at the front door; returns the challenge."""
    page = await web.post("/me/code", data={"address": address})
    assert page.status_code == 200
    return hidden_fields(page.text)["challenge"][0]


async def sign_in(web_workspace: WebWorkspace, web: httpx.AsyncClient, address: str, place: int = -1) -> httpx.Response:
    """Sign in by the code that was sent to an address; returns the preference centre."""
    challenge = await ask_for_code(web, address)
    answer = await web.post("/me/session", data={"challenge": challenge, "code": web_workspace.codes()[place]})
    assert answer.status_code == 303
    return await web.get(answer.headers["location"])


def hidden_fields(page: str) -> dict[str, list[str]]:
    """The values of a page's fields by name: hidden ones, and what is ticked."""
    reader = _Fields()
    reader.feed(page)
    return reader.found


def page_text(page: str) -> str:
    """A page's text, with everything that differs between two links taken out."""
    return re.sub(r"/[upws]/[\w-]{34}", "/link", page)


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, kind = given.get("name"), given.get("type")
        if tag == "input" and name and (kind == "hidden" or "checked" in given):
            self.found.setdefault(name, []).append(given.get("value") or "")
