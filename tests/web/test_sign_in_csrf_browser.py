"""Foreign pages in a real browser: one that posts a sign-in form here by itself signs nobody in."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from campaigns.core.model.roles import Role
from campaigns.people.accounts import staff_accounts
from tests.support.browser import needs_browser
from tests.support.desk_session import NAME
from tests.support.page_walk import hidden_fields
from tests.support.sample_workspace import MEMBERS

pytestmark = needs_browser

ATTACKER = f"{MEMBERS[5]}@example.org"
PASSWORD = "neljä sanaa on hyvä"


class _ForeignPage(BaseHTTPRequestHandler):
    """Page of another site that posts a form to ours as soon as it is opened."""

    target, fields = "", dict[str, str]()

    def do_GET(self) -> None:
        inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in self.fields.items())
        page = f'<form method="post" action="{self.target}">{inputs}</form><script>document.forms[0].submit()</script>'
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def foreign_page() -> Any:
    """The address of a foreign page on another host and port; its target and fields can be set."""
    page = type("ForeignPage", (_ForeignPage,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), page)
    thread = Thread(target=server.serve_forever)
    thread.start()
    page.address = f"http://localhost:{server.server_port}/"  # our pages are at 127.0.0.1: another site
    yield page
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.hostile
@pytest.mark.parametrize("who", ["member", "agent"])
def test_in_chromium_a_foreign_page_signs_nobody_in(web_workspace, visitor, foreign_page, who):
    staff_accounts.add(web_workspace.engine.context, "attacker", [Role.DESK], PASSWORD)
    with httpx.Client(base_url=visitor.address) as attacker:
        token = hidden_fields(attacker.get("/me").text)["form_token"][0]
        page = attacker.post("/me/code", data={"address": ATTACKER, "form_token": token})
        challenge = hidden_fields(page.text)["challenge"][0]
        desk_token = hidden_fields(attacker.get("/desk").text)["form_token"][0]
    if who == "member":
        foreign_page.target = f"{visitor.address}/me/session"
        foreign_page.fields = {"challenge": challenge, "code": web_workspace.wait_for_codes(1)[-1], "form_token": token}
    else:
        foreign_page.target = f"{visitor.address}/desk/session"
        foreign_page.fields = {"name": "attacker", "password": PASSWORD, "form_token": desk_token}
    visitor.page.goto(f"{visitor.address}/{'me' if who == 'member' else 'desk'}?lang=en")  # the visitor has our cookie
    visitor.page.goto(foreign_page.address)
    visitor.page.wait_for_url(f"{foreign_page.target}*")
    assert "session has ended" in visitor.page.inner_text("h1").lower()
    names = {cookie["name"] for cookie in visitor.page.context.cookies()}
    assert not names & {"viesti", "viesti-desk"}
    dump = web_workspace.ledger_dump()
    assert [dump["agent_session"], dump["member_session"]] == [[], []]


def test_in_chromium_our_own_form_signs_the_agent_in(web_workspace, visitor):
    staff_accounts.add(web_workspace.engine.context, NAME, [Role.DESK], PASSWORD)
    visitor.page.goto(f"{visitor.address}/desk?lang=en")
    visitor.page.fill("#name", NAME)
    visitor.page.fill("#password", PASSWORD)
    visitor.page.click("main form button")
    assert visitor.heading == "Find a member"
