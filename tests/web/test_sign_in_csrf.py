"""Forms that another site's page posts: no button is pressed, and no browser is signed in as somebody else."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from audiences.access import sessions as member_sessions
from campaigns.core.model.roles import Role
from campaigns.people.accounts import staff_accounts
from campaigns.web.app import application, pages_app
from campaigns.web.request_origin import RequestOrigin
from tests.support.desk_session import NAME, open_desk_session
from tests.support.page_client import PageClient, visitor_token
from tests.support.page_walk import ask_for_code, hidden_fields, sign_in
from tests.support.routes import routes
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import MAIL, WebWorkspace

OWN = "http://localhost:8000"
ATTACKER = f"{MEMBERS[5]}@example.org"
PASSWORD = "neljä sanaa on hyvä"
FOREIGN: Mapping[str, Mapping[str, str]] = {
    "another site": {"Origin": "https://evil.example"},
    "an opaque origin": {"Origin": "null"},
    "a sibling subdomain": {"Origin": "http://shop.localhost:8000", "Sec-Fetch-Site": "same-site"},
    "a subdomain without fetch metadata": {"Origin": "http://shop.localhost:8000"},
    "https in place of http": {"Origin": "https://localhost:8000"},
    "another port": {"Origin": "http://localhost:8001"},
    "no port": {"Origin": "http://localhost"},
    "our host as its user": {"Origin": "http://localhost:8000@evil.example"},
    "our host as its password": {"Origin": "http://x:localhost:8000@evil.example"},
    "our host as its prefix": {"Origin": "http://localhost:8000.evil.example"},
    "our host as its suffix": {"Origin": "http://evil-localhost:8000"},
    "our host as its path": {"Origin": "http://evil.example/localhost:8000"},
    "a trailing slash": {"Origin": "http://localhost:8000/"},
    "a trailing dot": {"Origin": "http://localhost.:8000"},
    "other letter case": {"Origin": "HTTP://LOCALHOST:8000"},
    "an empty origin": {"Origin": ""},
    "two origins in one": {"Origin": f"{OWN} https://evil.example"},
    "fetch metadata of another site alone": {"Sec-Fetch-Site": "cross-site"},
    "fetch metadata of a sibling alone": {"Sec-Fetch-Site": "same-site"},
    "unknown fetch metadata": {"Sec-Fetch-Site": "friendly"},
    "empty fetch metadata": {"Sec-Fetch-Site": ""},
    "our origin with fetch metadata of another site": {"Origin": OWN, "Sec-Fetch-Site": "cross-site"},
    "another site with fetch metadata of ours": {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    "a forwarded host": {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"},
    "a referrer of ours": {"Origin": "https://evil.example", "Referer": f"{OWN}/me"},
}
OURS: Mapping[str, Mapping[str, str]] = {
    "a browser of today": {"Origin": OWN, "Sec-Fetch-Site": "same-origin"},
    "a browser that hides origins": {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
    "a page loaded again": {"Sec-Fetch-Site": "none"},
    "a browser without fetch metadata": {"Origin": OWN},
    "a browser of long ago": {},
}


@pytest.fixture
async def stranger(web_workspace: WebWorkspace) -> AsyncIterator[httpx.AsyncClient]:
    """Another browser, which sends only what a test gives it."""
    transport = httpx.ASGITransport(application(web_workspace.engine))
    async with httpx.AsyncClient(transport=transport, base_url=OWN) as client:
        yield client


async def code_form(web_workspace: WebWorkspace, web: PageClient, address: str = MAIL) -> dict[str, str]:
    """Return a filled code form that signs this browser in."""
    challenge = await ask_for_code(web, address)
    token = visitor_token(web_workspace, web, "member")
    return {"challenge": challenge, "code": web_workspace.codes()[-1], "form_token": token}


async def is_signed_in(web: httpx.AsyncClient) -> bool:
    return "viesti" in web.cookies or "proof" in hidden_fields((await web.get("/me?lang=en")).text)


@pytest.mark.hostile
@pytest.mark.parametrize("foreign", FOREIGN)
async def test_a_foreign_page_signs_no_member_in(web_workspace, web, foreign):
    form = await code_form(web_workspace, web)
    answer = await web.post("/me/session", data=form, headers=FOREIGN[foreign])
    assert answer.status_code == 403
    assert not await is_signed_in(web)
    assert (await web.post("/me/session", data=form, headers={"Origin": OWN})).status_code == 303


@pytest.mark.hostile
@pytest.mark.parametrize("foreign", FOREIGN)
async def test_a_foreign_page_signs_no_agent_in(web_workspace, web, foreign):
    staff_accounts.add(web_workspace.engine.context, NAME, [Role.DESK], PASSWORD)
    form = {"name": NAME, "password": PASSWORD}
    assert (await web.post("/desk/session", data=form, headers=FOREIGN[foreign])).status_code == 403
    assert web_workspace.ledger_dump()["agent_session"] == []


@pytest.mark.hostile
@pytest.mark.parametrize("foreign", FOREIGN)
async def test_a_foreign_page_has_no_code_sent(web_workspace, web, foreign):
    assert (await web.post("/me/code", data={"address": MAIL}, headers=FOREIGN[foreign])).status_code == 403
    assert web_workspace.codes() == []


@pytest.mark.hostile
@pytest.mark.parametrize(
    "headers",
    [
        [("Origin", OWN), ("Origin", "https://evil.example")],
        [("Origin", OWN), ("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")],
    ],
    ids=["origin", "fetch metadata"],
)
async def test_a_form_with_a_repeated_header_is_refused(web_workspace, web, headers):
    assert (await web.post("/me/code", data={"address": MAIL}, headers=headers)).status_code == 403
    assert web_workspace.codes() == []


@pytest.mark.parametrize("browser_kind", OURS)
async def test_our_own_forms_work_in(web_workspace, web, browser_kind):
    headers = OURS[browser_kind]
    assert (await web.post("/me/code", data={"address": MAIL}, headers=headers)).status_code == 200
    form = await code_form(web_workspace, web)
    assert (await web.post("/me/session", data=form, headers=headers)).status_code == 303


@pytest.mark.hostile
async def test_every_form_but_one_click_refuses_a_foreign_page(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    await open_desk_session(web_workspace, web, *Role)
    before = web_workspace.ledger_dump()
    paths = {route.path for route in routes(pages_app(web_workspace.engine)) if "POST" in route.methods}
    assert len(paths) >= 25
    for path in sorted(paths - {"/u/{token}"}):
        answer = await web.post(path.replace("{token}", "x"), data={}, headers=FOREIGN["another site"])
        assert answer.status_code == 403, path
    assert web_workspace.ledger_dump() == before


@pytest.mark.hostile
@pytest.mark.parametrize(("scope", "path"), [("preferences", ""), ("preferences", "/code"), ("stop", "")])
async def test_a_foreign_page_that_knows_a_link_presses_none_of_its_buttons(web_workspace, web, scope, path):
    link = web_workspace.link("texts" if scope == "stop" else "letters", scope=scope)
    form = {"stop": "newsletter:food", "List-Unsubscribe": "One-Click"}
    assert (await web.post(f"{link}{path}", data=form, headers=FOREIGN["another site"])).status_code == 403
    assert web_workspace.record() == []


@pytest.mark.parametrize("sender", ["another site", "an opaque origin", "fetch metadata of another site alone"])
async def test_e21_one_click_asks_for_no_origin_cookie_or_token(web_workspace, stranger, sender):
    link = web_workspace.link("letters")
    answer = await stranger.post(link, data={"List-Unsubscribe": "One-Click"}, headers=FOREIGN[sender])
    assert (answer.status_code, answer.history) == (200, [])
    assert "set-cookie" not in answer.headers
    assert len(web_workspace.record()) == 1


async def test_webhooks_ask_for_no_origin_cookie_or_token(web_workspace, stranger):
    answer = await stranger.post("/webhooks/twilio/status", content=b"", headers=FOREIGN["another site"])
    assert answer.status_code == 503  # no secret here: the provider tries again
    assert "set-cookie" not in answer.headers


@pytest.mark.hostile
@pytest.mark.parametrize(
    "token", ["none", "empty", "invented", "of another browser", "of the other form", "of the cookie itself", "twice"]
)
@pytest.mark.parametrize("path", ["/me/code", "/me/session", "/desk/session"])
async def test_a_sign_in_form_works_only_in_the_browser_that_was_given_it(web_workspace, web, stranger, path, token):
    staff_accounts.add(web_workspace.engine.context, NAME, [Role.DESK], PASSWORD)
    purpose, other = ("staff", "member") if path.startswith("/desk") else ("member", "staff")
    form: dict[str, Any] = await code_form(web_workspace, web) | {"name": NAME, "password": PASSWORD, "address": MAIL}
    stranger.cookies.set("viesti-form", "visitor of another browser", domain="localhost.local")
    tokens = {
        "none": [],
        "empty": [""],
        "invented": ["a" * 26],
        "of another browser": [visitor_token(web_workspace, web, purpose)],
        "of the other form": [visitor_token(web_workspace, stranger, other)],
        "of the cookie itself": ["visitor of another browser"],
        "twice": [visitor_token(web_workspace, stranger, purpose)] * 2,
    }
    before = {name: rows for name, rows in web_workspace.ledger_dump().items() if name != "tried"}
    answer = await stranger.post(path, data=form | {"form_token": tokens[token]})
    assert answer.status_code == 403
    assert "viesti" not in stranger.cookies
    assert {name: rows for name, rows in web_workspace.ledger_dump().items() if name != "tried"} == before


@pytest.mark.hostile
async def test_a_token_without_its_cookie_is_refused(web_workspace, web, stranger):
    form = await code_form(web_workspace, web)
    assert (await stranger.post("/me/session", data=form)).status_code == 403


@pytest.mark.hostile
async def test_a_token_from_before_a_sign_in_is_over(web_workspace, web):
    form = await code_form(web_workspace, web)
    assert (await web.post("/me/session", data=form)).status_code == 303
    assert "viesti-form" not in web.cookies
    assert (await httpx.AsyncClient.post(web, "/me/session", data=form)).status_code == 403


@pytest.mark.hostile
async def test_a_staff_token_from_before_a_sign_in_is_over(web_workspace, web):
    staff_accounts.add(web_workspace.engine.context, NAME, [Role.DESK], PASSWORD)
    form = {"name": NAME, "password": PASSWORD, "form_token": visitor_token(web_workspace, web, "staff")}
    assert (await web.post("/desk/session", data=form)).status_code == 303
    assert "viesti-form" not in web.cookies
    assert (await httpx.AsyncClient.post(web, "/desk/session", data=form)).status_code == 403


@pytest.mark.hostile
async def test_a_code_that_the_attacker_requested_signs_nobody_else_in(web_workspace, web, stranger):
    attackers_form = await code_form(web_workspace, web, ATTACKER)
    page = await stranger.get("/me")
    own_token = hidden_fields(page.text)["form_token"]
    assert own_token != [attackers_form["form_token"]]
    assert (await stranger.post("/me/session", data=attackers_form)).status_code == 403
    assert "viesti" not in stranger.cookies


@pytest.mark.hostile
async def test_a_member_session_is_never_fixated(web_workspace, web):
    await sign_in(web_workspace, web, ATTACKER)
    planted = web.cookies["viesti"]
    await sign_in(web_workspace, web, MAIL)
    assert web.cookies["viesti"] != planted
    with web_workspace.engine.context.ledger.read() as connection:
        assert member_sessions.member_of_session(connection, planted, web_workspace.clock.time) is None


@pytest.mark.hostile
@pytest.mark.parametrize("planted", ["of another agent", "invented"])
async def test_a_staff_session_is_never_fixated(web_workspace, web, planted):
    staff_accounts.add(web_workspace.engine.context, "petri", [Role.DESK], PASSWORD)
    form = {"name": "petri", "password": PASSWORD}
    if planted == "of another agent":
        await open_desk_session(web_workspace, web, Role.DESK)
    else:
        web.cookies.set("viesti-desk", "planted")
    former = web.cookies["viesti-desk"]
    web.cookies.delete("viesti-desk")
    web.cookies.set("viesti-desk", former, domain="localhost.local")
    assert (await web.post("/desk/session", data=form)).status_code == 303
    rows = web_workspace.ledger_dump()["agent_session"]
    assert [row[1] for row in rows] == ["petri"]
    assert former not in str(rows)


@pytest.mark.hostile
@pytest.mark.parametrize("path", ["/me/out", "/desk/out"])
async def test_a_foreign_page_signs_nobody_out(web_workspace, web, path):
    await sign_in(web_workspace, web, MAIL)
    await open_desk_session(web_workspace, web, Role.DESK)
    for headers in ({}, FOREIGN["another site"]):
        assert (await web.post(path, data={"proof": "x"}, headers=headers)).status_code == 403
    assert "Sign out" in (await web.get("/me?lang=en")).text
    assert "Sign out" in (await web.get("/desk?lang=en")).text


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://kyla.example.org", "https://kyla.example.org"),
        ("https://kyla.example.org:443/", "https://kyla.example.org"),
        ("https://kyla.example.org:8443", "https://kyla.example.org:8443"),
        ("http://kyla.example.org:80", "http://kyla.example.org"),
        ("https://KYLÄ.example.org", "https://xn--kyl-sla.example.org"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_the_public_origin_is_written_as_browsers_write_it(url, origin):
    from pydantic import HttpUrl

    assert RequestOrigin.of_public_url(HttpUrl(url)).public == origin


@pytest.mark.parametrize(
    ("served_at", "origin", "status"),
    [
        ("http://127.0.0.1:9000", "https://kyla.example.org", 200),  # a proxy that names its own upstream
        ("http://kyla.example.org", "https://kyla.example.org", 200),  # a proxy that ends TLS and keeps the host
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000", 200),  # on the server's own machine
        ("http://kyla.example.org", "http://kyla.example.org", 403),  # a page without TLS at our own name
        ("https://kyla.example.org", "https://www.kyla.example.org", 403),
        ("http://127.0.0.1:9000", "https://127.0.0.1:9000", 403),
    ],
)
async def test_behind_a_proxy_the_public_address_decides(web_workspace, served_at, origin, status):
    path = web_workspace.root / "config" / "settings.yaml"
    path.write_text(path.read_text("utf-8").replace(OWN, "https://kyla.example.org"), "utf-8")
    web_workspace.reload()
    transport = httpx.ASGITransport(application(web_workspace.engine))
    async with httpx.AsyncClient(transport=transport, base_url=served_at) as web:
        form = {"address": "uusi@example.net", "on": "newsletter:food"}
        assert (await web.post("/join", data=form, headers={"Origin": origin})).status_code == status


async def test_the_visitors_cookie_is_limited_to_this_site(web_workspace):
    path = web_workspace.root / "config" / "settings.yaml"
    path.write_text(path.read_text("utf-8").replace(OWN, "https://kyla.example.org"), "utf-8")
    web_workspace.reload()
    transport = httpx.ASGITransport(application(web_workspace.engine))
    async with httpx.AsyncClient(transport=transport, base_url="https://kyla.example.org") as web:
        for page in ("/me", "/me/data", "/desk"):
            web.cookies.clear()
            cookie = (await web.get(page)).headers["set-cookie"]
            assert cookie.startswith("__Host-viesti-form=")
            for part in ("HttpOnly", "Secure", "SameSite=strict", "Path=/"):
                assert part in cookie
