"""Answers of an identity provider to another browser, too late, twice, or from elsewhere: none signs anybody in."""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, urlsplit

import pytest

from campaigns.core.clock import Clock
from campaigns.core.model.roles import Role
from campaigns.people.accounts.identity_provider import identity_provider
from tests.support.desk_session import open_desk_session
from tests.support.provider_sign_in import assert_refused, begin, come_back, sign_in

pytestmark = pytest.mark.loopback

STATES: Mapping[str, Callable[[Mapping[str, str], Mapping[str, str]], list[str]]] = {
    "the state of another browser": lambda _, theirs: [theirs["state"]],
    "no state": lambda *_: [],
    "an empty state": lambda *_: [""],
    "an invented state": lambda *_: ["a" * 26],
    "the nonce as state": lambda own, _: [own["nonce"]],
    "two states": lambda own, _: [own["state"], own["state"]],
}


@pytest.mark.hostile
@pytest.mark.parametrize("kind", STATES)
async def test_an_answer_is_refused_with(web_workspace, web, browser_of, provider, kind):
    theirs, own = await begin(browser_of(), provider), await begin(web, provider)
    query = {"code": ["the code"], "state": STATES[kind](own, theirs)}
    assert_refused(web_workspace, web, await web.get("/desk/provider/callback", params=query))
    assert provider.requests == []  # the code was not even sent


@pytest.mark.hostile
@pytest.mark.parametrize("kind", ["none", "invented", "of another attempt", "without a time"])
async def test_an_answer_is_refused_with_a_cookie(web_workspace, web, browser_of, provider, kind):
    other = browser_of()
    await begin(other, provider)
    query = await begin(web, provider)
    cookies = {
        "invented": f"{int(Clock().now().timestamp())}.invented.en",
        "of another attempt": other.cookies["viesti-provider"],
        "without a time": "x.y.en",
    }
    web.cookies.clear()
    if kind in cookies:
        web.cookies.set("viesti-provider", cookies[kind])
    assert_refused(web_workspace, web, await come_back(web, query))
    assert provider.requests == []


@pytest.mark.hostile
@pytest.mark.parametrize(
    ("issued_at", "status"),
    [(0, 200), (-700, 400), (700, 400), ("", 400), ("٣٣٣", 400)],
    ids=["now", "too old", "of the future", "without a time", "in other digits"],
)
async def test_an_answer_is_taken_for_ten_minutes(web_workspace, web, provider, issued_at, status):
    context = web_workspace.engine.context
    if isinstance(issued_at, int):  # seconds from now
        issued_at += int(Clock().now().timestamp())
    cookie = f"{issued_at}.of a test.en"
    attempt = identity_provider(context.settings, context.signer)._attempt(cookie)
    provider.nonce = attempt.nonce
    headers = {"Cookie": f"viesti-provider={cookie}".encode()}
    query = {"code": "the code", "state": attempt.state}
    answer = await web.get("/desk/provider/callback", params=query, headers=headers)
    assert answer.status_code == status
    assert len(provider.requests) == (status == 200)


@pytest.mark.hostile
async def test_a_code_is_used_once(web_workspace, web, provider):
    query, cookie = await begin(web, provider), web.cookies["viesti-provider"]
    assert (await come_back(web, query)).status_code == 200
    before = web_workspace.ledger_dump()["agent_session"]
    assert (await come_back(web, query)).status_code == 400  # the attempt is over
    web.cookies.set("viesti-provider", cookie, domain="localhost.local")
    assert (await come_back(web, query)).status_code == 400  # and the provider refuses the code
    assert web_workspace.ledger_dump()["agent_session"] == before


@pytest.mark.hostile
async def test_a_code_of_the_attacker_signs_no_victim_in(web_workspace, web, browser_of, provider):
    attackers = await begin(web, provider)
    victim = browser_of()
    await victim.get("/desk")
    assert_refused(web_workspace, victim, await come_back(victim, attackers))


@pytest.mark.hostile
async def test_a_session_from_before_the_sign_in_ends_with_it(web_workspace, web, provider):
    await open_desk_session(web_workspace, web, Role.DESK)
    planted = web.cookies["viesti-desk"]
    web.cookies.delete("viesti-desk")
    web.cookies.set("viesti-desk", planted, domain="localhost.local")
    web.cookies.set("viesti-form", "given to an attacker", domain="localhost.local")
    await sign_in(web, provider)
    assert [row[1] for row in web_workspace.ledger_dump()["agent_session"]] == ["maija"]
    assert web.cookies["viesti-desk"] != planted
    assert "viesti-form" not in web.cookies


@pytest.mark.hostile
@pytest.mark.parametrize("issuer", ["https://evil.example", "", "http://127.0.0.1:1"])
async def test_an_answer_of_another_issuer_is_refused(web_workspace, web, provider, issuer):
    provider.metadata_changes = {"authorization_response_iss_parameter_supported": True}
    assert_refused(web_workspace, web, await come_back(web, await begin(web, provider), iss=issuer))
    assert provider.requests == []


@pytest.mark.hostile
@pytest.mark.parametrize("error", ["access_denied", "<script>alert(1)</script>", "login_required"])
async def test_an_error_of_the_provider_opens_nothing_and_is_not_shown(web_workspace, web, provider, error):
    answer = await come_back(web, await begin(web, provider), error=error)
    assert_refused(web_workspace, web, answer)
    assert error not in answer.text


@pytest.mark.hostile
@pytest.mark.parametrize("parameter", ["next", "redirect_uri", "return_to", "lang", "way"])
@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
async def test_nobody_is_sent_on_to_another_site(web, provider, parameter, target):
    answer = await web.get("/desk/provider", params={parameter: target})
    assert answer.headers["location"].startswith(f"{provider.issuer}/authorization?")
    assert "evil" not in answer.headers["location"]
    provider.nonce = parse_qs(urlsplit(answer.headers["location"]).query)["nonce"][0]
    state = parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]
    page = await come_back(web, {"state": state}, **{parameter: target})
    assert page.status_code == 200
    assert "evil" not in page.text
    assert "alert" not in page.text
