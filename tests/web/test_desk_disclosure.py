"""Disclosure at the desk: households, reasons of messages, addresses, redirects, logs and caches (A-25, C-06, C-16)."""

import logging
import re

import pytest
from sqlalchemy import update

from campaigns.core.model.privacy_rights import RequestKind
from campaigns.core.model.roles import Role
from campaigns.people.privacy import requests
from campaigns.store.people.audit import subject_of_member
from campaigns.store.runs.run_tables import DECISION
from tests.support.desk_session import open_desk_session
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO

pytestmark = pytest.mark.hostile

OTHER = MEMBERS[5]


@pytest.mark.parametrize("place", ["", "-1", "1", "99", "x", "9" * 400, "٠", "1e1"])
async def test_a_household_place_that_does_not_exist_opens_nobody(web_workspace, desk, place):
    await desk.open_member(MEMBERS[2])
    audited = len(desk.audit_notes())
    assert (await desk.do_task("/household", place=place)).status_code == 400
    assert len(desk.audit_notes()) == audited


async def test_opening_the_household_is_a_look_up_of_its_own(web_workspace, desk):
    await desk.open_member(MEMBERS[2], ground="visit")
    page = await desk.do_task("/household", place="0")
    assert "m04" in page.text
    assert "Check the caller" in page.text
    subject = subject_of_member(web_workspace.engine.context.signer, MEMBERS[3])
    assert desk.audit_notes()[-1][1:] == ("look_up", subject, {"why": "visit"})


async def test_an_agent_reads_no_names_of_a_household(web_workspace, desk):
    page = await desk.open_member(MEMBERS[2])
    assert "N. M." in page.text
    assert "Nimi4" not in page.text
    assert MEMBERS[3] not in page.text


async def test_an_officer_reads_the_names_of_a_household_and_each_is_noted(web_workspace, officer):
    page = await officer.open_member(MEMBERS[2])
    assert "Nimi4 Mäki" in page.text
    subject = subject_of_member(web_workspace.engine.context.signer, MEMBERS[3])
    assert officer.audit_notes()[-1][1:] == ("name_household", subject, {"why": "call"})


# addresses and logs


async def test_no_address_of_a_session_names_a_member(web_workspace, web, caplog):
    caplog.set_level(logging.INFO)
    desk = await open_desk_session(web_workspace, web, *Role)
    requests.file(web_workspace.engine.context, AINO, RequestKind.ERASE, requests.ConsentSource.WEB)
    answers = [
        await desk.post("/find", typed=f"{AINO}@example.org", ground="call"),
        await desk.open_member(),
        await desk.do_task("/contact", email="x"),
        await desk.do_task("/mark", choice="deceased"),
        await desk.do_task("/merge", other=OTHER),
        await desk.do_task("/lines", first="2017-12-10", last="2017-12-10", store="s1", purpose="bonus", case="A-1"),
        await desk.post("/requests"),
        await desk.post("/requests/erase", number="1"),
        await desk.post("/audit", subject=AINO),
    ]
    visited = [*(str(answer.url) for answer in answers)]
    visited += [step.headers["location"] for answer in answers for step in answer.history]
    visited += [record.getMessage() for record in caplog.records]
    visited += [link for answer in answers for link in re.findall(r'(?:href|action)="([^"]*)"', answer.text)]
    assert len(visited) > 100
    for address in visited:
        for secret in (AINO, OTHER, f"{AINO}@example.org", "Nimi1", "+358401230001"):
            assert secret not in address


@pytest.mark.parametrize(
    "language",
    ["en\r\nSet-Cookie: x=y", "//evil.example", "en&lang=sv", "fi%0d%0aLocation: //evil.example"],
    ids=["header", "host", "parameter", "encoded header"],
)
async def test_a_redirect_after_a_form_stays_here_whatever_the_language(desk, language):
    data = {"proof": desk.proof, "member": AINO, "ground": "call"}
    answer = await desk.web.post("/desk/member", params={"lang": language}, data=data)
    assert answer.status_code == 303
    assert re.fullmatch(r"/desk/member/[\w-]{24}\?lang=(fi|sv|en)", answer.headers["location"])
    assert "x=y" not in str(answer.headers)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "localhost:8000@evil.example"])
async def test_a_redirect_after_a_form_ignores_the_host_header(desk, host):
    data = {"proof": desk.proof, "member": AINO, "ground": "call"}
    answer = await desk.web.post("/desk/member", data=data, headers={"Host": host, "X-Forwarded-Host": host})
    assert "evil" not in answer.headers.get("location", "")


async def test_pages_of_the_desk_are_not_stored_by_the_browser(desk):
    page = await desk.open_member()
    for answer in (*page.history, page):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "same-origin"


async def test_an_agent_reads_no_purchases_in_the_reasons_of_messages(web_workspace, desk):
    page = await desk.open_member()
    assert "Purchases took part in the choice" in page.text
    assert "COFFEE" not in page.text


OFFERS = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email]
offers: {at_most: 2}
content: {email: offers}
"""
REASON = "Something new for the receiver."


def start_ranked(web_workspace):
    """Start a campaign whose decision about AINO keeps a reason."""
    run = web_workspace.start("ranked", OFFERS)
    of_member = (DECISION.c.run_number == run.number) & (DECISION.c.member_id == AINO)
    with web_workspace.engine.context.ledger.write() as connection:
        connection.execute(update(DECISION).where(of_member).values(offers="0n"))


async def test_an_agent_reads_no_reasons_of_offers(web_workspace, desk):
    start_ranked(web_workspace)
    assert REASON not in (await desk.open_member()).text


async def test_an_expert_reads_why_offers_were_chosen(web_workspace, web):
    start_ranked(web_workspace)
    expert = await open_desk_session(web_workspace, web, Role.EXPERT)
    assert REASON in (await expert.open_member()).text


async def test_nobody_at_the_desk_reads_why_offers_were_chosen_once_purchases_are_forbidden(web_workspace, web):
    start_ranked(web_workspace)
    web_workspace.record_choices(AINO, "no_purchase_detail")
    expert = await open_desk_session(web_workspace, web, Role.EXPERT)
    assert REASON not in (await expert.open_member()).text


async def test_an_expert_reads_why_a_message_was_sent(web_workspace, web):
    expert = await open_desk_session(web_workspace, web, Role.EXPERT)
    page = await expert.open_member()
    assert "coffee" in page.text.lower()
    assert 'id="choices"' not in page.text
