"""Flooding with codes: strangers, sessions and links cause few messages, and the page says so (C-11)."""

import re
from datetime import timedelta

import pytest

from audiences.access.code_allowances import MESSAGES_A_DAY
from audiences.tables import ATTEMPT_LIMIT_STATE
from tests.support.code_flood import USED_UP, flood
from tests.support.page_walk import hidden_fields, sign_in
from tests.support.web_client import AINO, MAIL, PHONE, SHARERS

pytestmark = [pytest.mark.hostile, pytest.mark.usefixtures("no_delays")]


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
