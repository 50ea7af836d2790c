"""Flooding and lock-out: strangers cause few messages, and never keep a member from signing in (C-11)."""

import re
from datetime import timedelta
from functools import partial

import pytest

from audiences.access import one_time_codes
from audiences.access.code_allowances import MESSAGES_A_DAY
from audiences.tables import ATTEMPT_LIMIT_STATE
from campaigns.web.app import application
from tests.support.page_client import browser_from, visitor_token
from tests.support.page_walk import ask_for_code, hidden_fields, sign_in
from tests.support.web_client import AINO, SHARERS

MAIL, PHONE = f"{AINO}@example.org", "+358401230001"
USED_UP = "We send no new code now"

pytestmark = pytest.mark.hostile


@pytest.fixture
def open_browser(web_workspace):
    return partial(browser_from, web_workspace, app=application(web_workspace.engine))


@pytest.fixture(autouse=True)
def _no_delays(monkeypatch):
    async def sleep(_seconds):
        return

    monkeypatch.setattr("campaigns.web.network_pace.asyncio.sleep", sleep)


async def flood(open_browser, address=MAIL, times=12, network="198.51"):
    """Ask for codes from many networks, each time as a new browser; return the last page."""
    page = None
    for number in range(times):
        async with open_browser(f"{network}.{number % 250}.9") as web:
            page = await web.post("/me/code", params={"lang": "en"}, data={"address": address})
            assert page.status_code == 200
    return page


async def test_a_day_of_hammering_from_a_thousand_networks_sends_ten_messages_at_most(web_workspace, open_browser):
    for hour in range(24):
        for number in range(42):
            network = f"{198 + number % 4}.{hour}.{number}.9"
            async with open_browser(network) as web:
                address = (MAIL, MAIL.upper(), f" {MAIL}")[number % 3]
                assert (await web.post("/me/code", data={"address": address})).status_code == 200
        web_workspace.notices()  # sent before they expire
        web_workspace.clock.advance(hours=1)
    assert MESSAGES_A_DAY - 2 <= len(web_workspace.notices()) <= MESSAGES_A_DAY


async def test_e_mail_and_telephone_of_a_member_share_the_ten_messages(web_workspace, open_browser):
    for _ in range(24):
        await flood(open_browser, MAIL, 3)
        await flood(open_browser, "040 123 0001", 3)
        web_workspace.notices()  # sent before they expire
        web_workspace.clock.advance(hours=1)
    assert MESSAGES_A_DAY - 2 <= len(web_workspace.notices()) <= MESSAGES_A_DAY


@pytest.mark.parametrize("address", [MAIL, "nobody@example.org", PHONE, "+358509876543", "no address"])
async def test_the_page_says_that_no_code_is_sent_whether_or_not_the_address_is_known(
    web_workspace, open_browser, address
):
    first = await flood(open_browser, address, 1)
    assert "is on its way" in first.text
    last = await flood(open_browser, address)
    assert USED_UP in last.text
    assert "is on its way" not in last.text
    assert re.search(r"at \d\d:\d\d", last.text)
    assert "Call our service desk" in last.text


async def test_known_and_unknown_addresses_are_refused_alike(web_workspace, open_browser):
    pages = [(await flood(open_browser, address)).text for address in (MAIL, "nobody@example.org")]
    challenges = [hidden_fields(page)["challenge"][0] for page in pages]
    assert pages[0].replace(challenges[0], "") == pages[1].replace(challenges[1], "")


async def test_the_time_that_the_page_names_is_true(web_workspace, open_browser):
    page = await flood(open_browser)
    clock = re.search(r"at (\d\d):(\d\d)", page.text)
    local = web_workspace.clock.time.astimezone(web_workspace.engine.context.repository.settings.zone)
    wait = timedelta(hours=int(clock[1]) - local.hour, minutes=int(clock[2]) - local.minute)
    web_workspace.clock.time += wait - timedelta(minutes=2)
    assert USED_UP in (await flood(open_browser, times=1)).text
    web_workspace.clock.time += timedelta(minutes=3)
    assert USED_UP not in (await flood(open_browser, times=1)).text


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


async def test_a_known_browser_has_a_limit_of_its_own(web_workspace, open_browser):
    async with open_browser() as web:
        await sign_in(web_workspace, web, MAIL)
        before = len(web_workspace.notices())
        for _ in range(24):
            for _ in range(5):
                page = await web.post("/me/code", params={"lang": "en"}, data={"address": MAIL})
            web_workspace.notices()  # sent before they expire
            web_workspace.clock.advance(hours=1)
    assert USED_UP in page.text
    assert MESSAGES_A_DAY - 2 <= len(web_workspace.notices()) - before <= MESSAGES_A_DAY


async def test_a_forwarded_link_has_a_limit_of_its_own_and_harms_no_other_link(web_workspace, open_browser):
    async with open_browser() as web:
        forwarded, own = (web_workspace.link(name, scope="preferences") for name in ("letters", "owners"))
        for _ in range(20):
            page = await web.post(f"{forwarded}/code", params={"lang": "en"}, data={"by": "sms"})
        assert USED_UP in page.text
        assert len(web_workspace.notices()) == MESSAGES_A_DAY // 2  # as many at once
        page = await web.post(f"{own}/code", params={"lang": "en"}, data={"by": "email"})
        assert "is on its way" in page.text


async def test_a_session_cannot_flood_a_strangers_number(web_workspace, open_browser):
    async with open_browser() as web:
        page = await sign_in(web_workspace, web, MAIL)
        proof = hidden_fields(page.text)["proof"][0]
        form = {"proof": proof, "kind": "phone", "address": "+358509876543"}
        for _ in range(24):
            for _ in range(3):
                page = await web.post("/me/contact", params={"lang": "en"}, data=form)
            web_workspace.notices()  # sent before they expire
            web_workspace.clock.advance(minutes=59)
            if page.status_code == 403:
                page = await sign_in(web_workspace, web, MAIL)
                form["proof"] = hidden_fields(page.text)["proof"][0]
    to_the_stranger = [to for to, _ in web_workspace.notices() if to == "+358509876543"]
    assert MESSAGES_A_DAY - 2 <= len(to_the_stranger) <= MESSAGES_A_DAY


async def test_a_session_cannot_flood_many_numbers(web_workspace, open_browser):
    async with open_browser() as web:
        page = await sign_in(web_workspace, web, MAIL)
        proof = hidden_fields(page.text)["proof"][0]
        for number in range(30):
            form = {"proof": proof, "kind": "phone", "address": f"+35850987{number:04}"}
            page = await web.post("/me/contact", params={"lang": "en"}, data=form)
    assert USED_UP in page.text
    to_strangers = [to for to, _ in web_workspace.notices() if to.startswith("+35850987")]
    assert 1 <= len(to_strangers) <= MESSAGES_A_DAY


async def test_members_and_strangers_share_what_a_new_address_may_be_sent(web_workspace, open_browser):
    await flood(open_browser, "+358509876543")
    async with open_browser() as web:
        page = await sign_in(web_workspace, web, MAIL)
        form = {"proof": hidden_fields(page.text)["proof"][0], "kind": "phone", "address": "+358509876543"}
        page = await web.post("/me/contact", params={"lang": "en"}, data=form)
    assert USED_UP in page.text


async def test_a_session_tells_when_the_same_code_is_sent_again(web_workspace, web):
    page = await sign_in(web_workspace, web, MAIL)
    form = {"proof": hidden_fields(page.text)["proof"][0], "by": "email"}
    first = await web.post("/me/data/code", params={"lang": "en"}, data=form)
    again = await web.post("/me/data/code", params={"lang": "en"}, data=form)
    assert "The code is on its way to" in first.text
    assert "The same code is on its way to" in again.text
    codes = web_workspace.codes()
    assert codes[-1] == codes[-2]
    for _ in range(MESSAGES_A_DAY):
        last = await web.post("/me/data/code", params={"lang": "en"}, data=form)
    assert USED_UP in last.text
    assert "on its way" not in last.text


@pytest.mark.parametrize("address", ["perhe@example.org", "+358409999999"])
async def test_a_shared_address_is_flooded_with_ten_messages_a_member_at_most(web_workspace, open_browser, address):
    for _ in range(24):
        await flood(open_browser, address, 3)
        web_workspace.notices()  # sent before they expire
        web_workspace.clock.advance(hours=1)
    assert len(web_workspace.notices()) <= MESSAGES_A_DAY * len(SHARERS)


async def test_newsletter_sign_ups_send_a_mailbox_two_e_mails_a_day_and_say_so(web_workspace, open_browser):
    form = {"address": "stranger@example.org", "on": "newsletter:food"}
    for number in range(30):
        async with open_browser(f"198.51.{number}.9") as web:
            page = await web.post("/join", params={"lang": "en"}, data=form)
            assert page.status_code == 200
            assert "has not been sent two such messages within a day" in page.text
    assert len(web_workspace.notices()) == 2


async def test_allowances_are_stored_as_keyed_hashes_for_a_day(web_workspace, open_browser):
    await flood(open_browser)
    assert MAIL not in str(web_workspace.ledger_dump()["tried"])
    assert AINO not in str(web_workspace.ledger_dump()["tried"])
    web_workspace.clock.advance(days=1, minutes=1)
    await flood(open_browser, "nobody@example.org", 1)
    with web_workspace.engine.context.ledger.read() as connection:
        assert len(connection.execute(ATTEMPT_LIMIT_STATE.select()).all()) == 2  # a network, an address


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
