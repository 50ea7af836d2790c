"""Lock-out by flooding with codes: strangers never keep a member from signing in, nor guess their code (C-11)."""

import re

import pytest

from audiences.access import one_time_codes
from audiences.access.code_allowances import MESSAGES_A_DAY
from tests.support.code_flood import USED_UP, flood
from tests.support.page_client import visitor_token
from tests.support.page_walk import ask_for_code, hidden_fields, sign_in
from tests.support.web_client import AINO, MAIL, PHONE

pytestmark = [pytest.mark.hostile, pytest.mark.usefixtures("no_delays")]


async def test_an_owner_signs_in_by_the_link_of_a_message_while_strangers_hammer(web_workspace, open_browser):
    await flood(open_browser)
    async with open_browser() as web:
        page = await web.post(f"{web_workspace.link('letters', scope='preferences')}/code", data={"by": "email"})
        await flood(open_browser)
        form = {"challenge": hidden_fields(page.text)["challenge"][0], "code": web_workspace.codes()[-1]}
        assert (await web.post("/me/session", data=form)).status_code == 303


async def test_an_owner_signs_in_in_a_browser_used_before_while_strangers_hammer(web_workspace, open_browser):
    async with open_browser() as web:
        await sign_in(web_workspace, web, MAIL)
        web_workspace.clock.advance(days=100)
        await flood(open_browser)
        assert (await sign_in(web_workspace, web, MAIL)).status_code == 200
        await flood(open_browser, PHONE)
        assert (await sign_in(web_workspace, web, PHONE)).status_code == 200


async def test_an_owner_in_a_session_gets_a_fresh_code_while_strangers_hammer(web_workspace, open_browser):
    async with open_browser() as web:
        page = await sign_in(web_workspace, web, MAIL)
        await flood(open_browser)
        proof = hidden_fields(page.text)["proof"][0]
        asked = await web.post("/me/data/code", params={"lang": "en"}, data={"proof": proof, "by": "email"})
        assert f"on its way to {MAIL}" in asked.text
        form = {"challenge": hidden_fields(asked.text)["challenge"][0], "code": web_workspace.codes()[-1]}
        assert (await web.post("/me/data/proof", data={**form, "proof": proof})).status_code == 303


async def test_links_of_messages_stop_messages_without_a_code_while_strangers_hammer(web_workspace, open_browser):
    await flood(open_browser)
    async with open_browser() as web:
        answer = await web.post(web_workspace.link("letters"), data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert [entry.choice for entry in web_workspace.record()]


async def test_a_stranger_does_not_invalidate_the_owners_code(web_workspace, open_browser):
    async with open_browser() as web:
        challenge = await ask_for_code(web, MAIL)
        code = web_workspace.codes()[0]
        await flood(open_browser)
        async with open_browser("198.51.100.9") as stranger:
            for _ in range(20):
                await stranger.post("/me/session", data={"challenge": "guess", "code": "0000 0000"})
        answer = await web.post("/me/session", data={"challenge": challenge, "code": code})
    assert answer.status_code == 303


async def test_a_code_sent_to_the_owner_opens_no_strangers_browser(web_workspace, open_browser):
    async with open_browser() as owner, open_browser("198.51.100.9") as stranger:
        strangers_challenge = await ask_for_code(stranger, MAIL)
        await ask_for_code(owner, MAIL)
        await ask_for_code(owner, MAIL)
        for code in web_workspace.codes()[1:]:
            answer = await stranger.post("/me/session", data={"challenge": strangers_challenge, "code": code})
            assert answer.status_code == 400


async def test_a_code_sent_for_a_stranger_opens_no_owners_browser(web_workspace, open_browser):
    async with open_browser() as owner, open_browser("198.51.100.9") as stranger:
        await ask_for_code(stranger, MAIL)
        challenge = await ask_for_code(owner, MAIL)
        answer = await owner.post("/me/session", data={"challenge": challenge, "code": web_workspace.codes()[0]})
    assert answer.status_code == 400


async def test_a_valid_code_is_sent_again_to_the_same_browser(web_workspace, web):
    for _ in range(3):
        await ask_for_code(web, MAIL)
        web_workspace.notices()
        web_workspace.clock.advance(minutes=4)
    codes = web_workspace.codes()
    assert len(codes) == 3
    assert len(set(codes)) == 1
    answer = await web.post("/me/session", data={"challenge": await ask_for_code(web, MAIL), "code": codes[0]})
    assert answer.status_code == 303


async def test_a_code_that_is_sent_again_gets_no_further_tries(web_workspace, web):
    challenge = await ask_for_code(web, MAIL)
    for _ in range(one_time_codes.MAX_TRIES - 1):
        await web.post("/me/session", data={"challenge": challenge, "code": "0000 0000"})
    assert await ask_for_code(web, MAIL) == challenge
    await web.post("/me/session", data={"challenge": challenge, "code": "0000 0000"})
    answer = await web.post("/me/session", data={"challenge": challenge, "code": web_workspace.codes()[0]})
    assert answer.status_code == 400


async def test_a_typed_code_is_never_sent_again(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    await sign_in(web_workspace, web, MAIL)
    first, second = web_workspace.codes()
    assert first != second


async def _retype_in_a_browser_with_the_same_cookie(open_browser, web, code):
    cookie = web.cookies["viesti-code"]
    async with open_browser("198.51.100.9") as thief:
        thief.cookies.set("viesti-code", cookie, domain="localhost.local")
        form = {"challenge": await ask_for_code(thief, MAIL), "code": code}
        return await thief.post("/me/session", data=form)


async def test_a_kept_cookie_does_not_revive_a_typed_code(web_workspace, web, open_browser):
    challenge, cookie = await ask_for_code(web, MAIL), web.cookies["viesti-code"]
    code = web_workspace.codes()[0]
    assert (await web.post("/me/session", data={"challenge": challenge, "code": code})).status_code == 303
    web.cookies.set("viesti-code", cookie, domain="localhost.local")
    assert (await _retype_in_a_browser_with_the_same_cookie(open_browser, web, code)).status_code == 400
    assert web_workspace.codes()[1] != code


@pytest.mark.parametrize("minutes", [11, 61, 60 * 24 + 1, 60 * 24 * 30])
async def test_a_kept_cookie_does_not_revive_an_expired_code(web_workspace, web, open_browser, minutes):
    await ask_for_code(web, MAIL)
    code = web_workspace.codes()[0]
    web_workspace.clock.advance(minutes=minutes)
    assert (await _retype_in_a_browser_with_the_same_cookie(open_browser, web, code)).status_code == 400
    assert web_workspace.codes()[1] != code


async def test_a_code_that_was_tried_out_is_never_sent_again(web_workspace, web):
    challenge = await ask_for_code(web, MAIL)
    for _ in range(one_time_codes.MAX_TRIES):
        await web.post("/me/session", data={"challenge": challenge, "code": "0000 0000"})
    challenge = await ask_for_code(web, MAIL)
    first, second = web_workspace.codes()
    assert (await web.post("/me/session", data={"challenge": challenge, "code": first})).status_code == 400
    assert (await web.post("/me/session", data={"challenge": challenge, "code": second})).status_code == 303


@pytest.mark.parametrize("kept", ["20000101", "99999999999", "-5", "\u0661", ""])
async def test_a_challenge_of_an_invented_time_is_replaced(web_workspace, open_browser, kept):
    async with open_browser() as web:
        cookie = f"{kept}.{'x' * 32}"
        form = {"address": MAIL, "form_token": visitor_token(web_workspace, web, "member")}
        cookies = f"viesti-form={web.cookies['viesti-form']}; viesti-code={cookie}".encode()
        page = await web.post("/me/code", data=form, headers={"Cookie": cookies})
    assert page.cookies["viesti-code"] != cookie
    assert re.fullmatch(r"\d+\.[\w-]{32}", page.cookies["viesti-code"])


async def test_a_stranger_guesses_fifty_times_a_day_at_most(web_workspace, open_browser):
    tries = 0
    for number in range(40):
        async with open_browser(f"198.51.{number}.9") as web:
            challenge = await ask_for_code(web, MAIL)
            for _ in range(one_time_codes.MAX_TRIES + 2):
                await web.post("/me/session", data={"challenge": challenge, "code": "0000 0000"})
    rows = web_workspace.ledger_dump()["one_time_code"]
    tries = len(rows) * one_time_codes.MAX_TRIES
    assert tries <= MESSAGES_A_DAY * one_time_codes.MAX_TRIES


@pytest.mark.parametrize(
    "cookie",
    [
        "x",
        "x." + "0" * 26,
        "." * 300,
        "a" * 5000,
        "%00%0a.%ff",
        "; __Host-viesti=x",
    ],
    ids=["a name", "an invented proof", "dots", "long", "control characters", "another cookie"],
)
async def test_an_invented_browser_cookie_gives_no_allowance(web_workspace, open_browser, cookie):
    await flood(open_browser)
    async with open_browser() as web:
        form = {"address": MAIL, "form_token": visitor_token(web_workspace, web, "member")}
        cookies = f"viesti-form={web.cookies['viesti-form']}; viesti-browser={cookie}; viesti-code={cookie}"
        page = await web.post("/me/code", params={"lang": "en"}, data=form, headers={"Cookie": cookies})
    assert USED_UP in page.text


async def test_the_cookie_of_another_member_gives_no_allowance(web_workspace, open_browser):
    await flood(open_browser)
    async with open_browser() as web:
        await sign_in(web_workspace, web, "m05@example.org")
        page = await web.post("/me/code", params={"lang": "en"}, data={"address": MAIL})
    assert USED_UP in page.text


async def test_the_cookies_name_nobody_and_are_limited_to_this_site(web_workspace, web):
    asked = await web.post("/me/code", data={"address": MAIL})
    signed_in = await web.post(
        "/me/session",
        data={"challenge": hidden_fields(asked.text)["challenge"][0], "code": web_workspace.codes()[0]},
    )
    cookies = [*asked.headers.get_list("set-cookie"), *signed_in.headers.get_list("set-cookie")]
    assert {cookie.partition("=")[0] for cookie in cookies} == {
        "viesti",
        "viesti-form",
        "viesti-code",
        "viesti-browser",
    }
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert not [part for part in (AINO, MAIL, PHONE) if part in cookie]
