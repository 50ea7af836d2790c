"""Hostile agents at the desk: tickets, searches, the audit log, files; each attempt by name (A-24, A-25, C-06)."""

import csv
import io
import json
import logging
import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from audiences.people.find_members import MAX_RESULTS
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.core.model.roles import Role
from campaigns.people.accounts import staff_accounts
from campaigns.people.privacy import erasure, requests
from campaigns.store.people import accounts, desk_tickets
from campaigns.store.people.audit import record, subject_of_member
from campaigns.store.people.people_tables import AUDIT, DESK_TICKET, STAFF_SESSION
from tests.support.desk_session import NAME, DeskSession, open_desk_session
from tests.support.page_walk import hidden_fields
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO

pytestmark = pytest.mark.hostile

OTHER = MEMBERS[5]
NAME_OF_AINO = "Nimi1 Mäki"


async def another_session(web_workspace, web, name="kalle", role=Role.DESK):
    """Session of another account in the same client; return it, and the first session's cookie."""
    first = web.cookies["viesti-desk"]
    with web_workspace.engine.context.ledger.write() as connection:
        if accounts.get(connection, name) is None:
            accounts.add(connection, name, [role], "no password is this", web_workspace.clock.time)
        secret = accounts.open_session(connection, name, web_workspace.clock.time)
    web.cookies.set("viesti-desk", secret)
    page = await web.get("/desk?lang=en")
    return DeskSession(web_workspace, web, hidden_fields(page.text)["proof"][0]), first


def rows(web_workspace, table):
    return web_workspace.ledger_dump()[table]


# tickets

PAGES = ("/member/{}", "/member/{}/death", "/member/{}/merge", "/found/{}", "/lines/{}", "/queue/{}",
         "/queue/{}/erase", "/log/{}")  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "ticket",
    ["reason", "x", "%00", "..%2F..%2Fdesk", "' OR 1=1 --", AINO, "A" * 64, "A" * 5000, "%F0%9F%94%91", "*"],
    ids=[
        "the name of the reason",
        "short",
        "nul",
        "a path",
        "sql",
        "a member number",
        "long",
        "endless",
        "emoji",
        "star",
    ],
)
async def test_a_guessed_ticket_opens_no_page(web_workspace, web, page, ticket):
    desk = await open_desk_session(web_workspace, web, *Role)
    await desk.open_member()
    answer = await desk.page(page.format(ticket))
    assert answer.status_code == 404
    assert NAME_OF_AINO not in answer.text


async def test_a_ticket_of_another_session_opens_nothing(web_workspace, web, desk):
    await desk.open_member()
    kalle, _ = await another_session(web_workspace, web)
    assert (await kalle.page(f"/member/{desk.ticket}")).status_code == 404
    assert (await kalle.do_task("/contact", ticket=desk.ticket, email="evil@example.org")).status_code == 403
    assert web_workspace.contact(AINO)["email"] == f"{AINO}@example.org"


async def test_a_ticket_of_an_earlier_session_of_the_same_account_opens_nothing(web_workspace, web, desk):
    await desk.open_member()
    again, _ = await another_session(web_workspace, web, NAME)
    assert (await again.page(f"/member/{desk.ticket}")).status_code == 404


async def test_a_ticket_replayed_after_sign_out_opens_nothing(web_workspace, web, desk):
    await desk.open_member()
    cookie = web.cookies["viesti-desk"]
    await desk.post("/out")
    web.cookies.set("viesti-desk", cookie)
    page = await desk.page(f"/member/{desk.ticket}")
    assert page.status_code == 403
    assert NAME_OF_AINO not in page.text


async def test_a_ticket_without_a_session_opens_nothing(web, desk):
    await desk.open_member()
    web.cookies.clear()
    page = await desk.page(f"/member/{desk.ticket}")
    assert page.status_code == 403
    assert NAME_OF_AINO not in page.text


async def test_an_expired_ticket_opens_nothing_in_a_living_session(web_workspace, desk):
    await desk.open_member()
    ticket = desk.ticket
    for _ in range(5):
        web_workspace.clock.advance(minutes=15)
        await desk.post("/find", typed="x", ground="call")
    assert (await desk.page(f"/member/{ticket}")).status_code == 404
    assert (await desk.do_task("/choices", ticket=ticket)).status_code == 403


async def test_expired_tickets_are_deleted(web_workspace, desk):
    await desk.open_member()
    assert rows(web_workspace, "desk_ticket")
    web_workspace.clock.time += desk_tickets.TICKET_LIFETIME + timedelta(seconds=1)
    with web_workspace.engine.context.ledger.write() as connection:
        desk_tickets.write_ticket(connection, "secret", "x", {"kind": "x"}, web_workspace.clock.time)
    assert len(rows(web_workspace, "desk_ticket")) == 1


async def test_a_ticket_in_a_session_that_was_idle_opens_nothing(web_workspace, desk):
    await desk.open_member()
    web_workspace.clock.time += accounts.SESSION_IDLE_LIMIT
    assert (await desk.page(f"/member/{desk.ticket}")).status_code == 403


async def test_watching_a_page_does_not_keep_the_session_alive(web_workspace, desk):
    await desk.open_member()
    for _ in range(4):
        web_workspace.clock.advance(minutes=5)
        answer = await desk.page(f"/member/{desk.ticket}")
    assert answer.status_code == 403


@pytest.mark.parametrize("roles", [[Role.ANALYST], [Role.AUTHOR], []], ids=["analyst", "author", "no role"])
async def test_a_role_lost_in_between_closes_the_page(web_workspace, desk, roles):
    await desk.open_member()
    with web_workspace.engine.context.ledger.write() as connection:
        connection.execute(
            update(accounts.STAFF_ACCOUNT).where(accounts.STAFF_ACCOUNT.c.name == NAME).values(roles=roles)
        )  # without ending the session, as a restored ledger would have it
    for answer in (await desk.page(f"/member/{desk.ticket}"), await desk.do_task("/contact", email="x@example.org")):
        assert answer.status_code == 403
        assert NAME_OF_AINO not in answer.text


async def test_a_disabled_account_opens_no_page(web_workspace, desk):
    await desk.open_member()
    staff_accounts.disable(web_workspace.engine.context, NAME)
    assert (await desk.page(f"/member/{desk.ticket}")).status_code == 403


@pytest.mark.parametrize("page", ["/found/{}", "/lines/{}", "/queue/{}", "/log/{}", "/queue/{}/erase"])
async def test_a_members_ticket_opens_no_page_of_another_kind(web_workspace, web, page):
    desk = await open_desk_session(web_workspace, web, *Role)
    await desk.open_member()
    assert (await desk.page(page.format(desk.ticket))).status_code == 404


async def test_a_ticket_of_the_queue_is_no_ticket_of_a_member(web_workspace, officer):
    queue = await officer.post("/requests")
    ticket = str(queue.url).split("/queue/")[1].split("?")[0]
    assert (await officer.page(f"/member/{ticket}")).status_code == 404
    assert (await officer.do_task("/contact", ticket=ticket, email="x@example.org")).status_code == 403


@pytest.mark.parametrize("path", ["/queue/{}", "/log/{}", "/lines/{}"])
async def test_pages_of_other_roles_stay_closed_with_a_borrowed_ticket(web_workspace, web, desk, path):
    assert (await desk.page(path.format("A" * 24))).status_code == 403


async def test_a_row_copied_to_another_ticket_of_the_ledger_opens_nothing(web_workspace, desk):
    await desk.open_member()
    first = desk.ticket
    await desk.open_member(OTHER)
    with web_workspace.engine.context.ledger.write() as connection:
        content = connection.execute(select(DESK_TICKET.c.content)).scalars().all()
        connection.execute(update(DESK_TICKET).values(content=content[0]))
    opened = [(await desk.page(f"/member/{ticket}")).status_code for ticket in (first, desk.ticket)]
    assert opened.count(404) >= 1


async def test_the_ledger_shows_neither_member_nor_input_of_a_ticket(web_workspace, desk):
    await desk.open_member()
    await desk.do_task("/contact", email="typed wrong", last_name="Salaisuus")
    dump = str(rows(web_workspace, "desk_ticket"))
    for secret in (AINO, "typed wrong", "Salaisuus", desk.ticket, NAME_OF_AINO):
        assert secret not in dump


async def test_a_ticket_of_an_erased_member_shows_nobody(web_workspace, desk):
    await desk.open_member()
    erasure.erase(web_workspace.engine.context, AINO)
    page = await desk.page(f"/member/{desk.ticket}")
    assert page.status_code == 400
    assert NAME_OF_AINO not in page.text


async def test_a_list_of_results_leaves_out_members_erased_meanwhile(web_workspace, desk):
    web_workspace.change_contact(OTHER, email=f"{AINO}@example.org", mailbox=f"{AINO}@example.org")
    found = await desk.post("/find", typed=f"{AINO}@example.org", ground="call")
    assert hidden_fields(found.text)["member"] == [AINO, OTHER]
    erasure.erase(web_workspace.engine.context, OTHER)
    again = await desk.web.get(str(found.url))
    assert hidden_fields(again.text)["member"] == [AINO]


async def test_a_merge_is_confirmed_only_for_the_member_that_was_compared(web_workspace, officer):
    await officer.open_member()
    page = await officer.do_task("/merge", other=OTHER)
    await officer.do_task("/merge", other=MEMBERS[7])  # in another window
    form = {name: values[0] for name, values in hidden_fields(page.text).items()}
    answer = await officer.post("/merge", **form, approved="yes")
    assert answer.status_code == 400
    assert "Another number was compared" in answer.text
    assert web_workspace.contact(OTHER)
    assert web_workspace.contact(MEMBERS[7])


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


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_a_page_takes_no_other_method(desk, method):
    await desk.open_member()
    answer = await desk.web.request(method, f"/desk/member/{desk.ticket}")
    assert answer.status_code == 405


async def test_no_page_of_a_ticket_changes_anything(web_workspace, web):
    desk = await open_desk_session(web_workspace, web, *Role)
    requests.file(web_workspace.engine.context, AINO, RequestKind.ERASE, requests.ConsentSource.WEB)
    urls = [
        str((await answer).url)
        for answer in (
            desk.open_member(), desk.post("/find", typed="x", ground="call"), desk.post("/requests"),
            desk.post("/requests/erase", number="1"), desk.post("/audit"),
        )
    ]  # fmt: skip
    urls += [str((await desk.do_task("/merge", other=OTHER)).url)]
    before = web_workspace.ledger_dump()
    for url in urls:
        for method in ("GET", "HEAD", "OPTIONS"):
            answer = await web.request(method, f"{url}&confirmed=yes&choice=deceased&before=3")
            assert answer.status_code in {200, 405}, url
    assert web_workspace.ledger_dump() == before


# searching


@pytest.mark.parametrize(
    "typed",
    ["%", "_", "m%", "*", "?", "m0_", "[a-z]", "' OR 1=1 --", "m01'; DROP TABLE contact; --", "m01\" OR \"\"=\"",
     "Mäki", "Nimi% Mäki", "@", "@example.org", "m0?@example.org", "+358", "04012300", "00370", "00370 00370",
     "Mäki 00370", "{{ 7*7 }} {{ 7*7 }}", "${jndi:ldap://x} y", "../../etc/passwd", "Nimi1\u202eikäM",
     "m\u200b01", "ᵐ⁰¹\u0301", "\u0000m01".replace("\u0000", "\u2400"), "A" * 254, "A b" * 84],
)  # fmt: skip
async def test_a_search_for_a_pattern_or_a_trick_finds_nobody(web_workspace, desk, typed):
    page = await desk.post("/find", typed=typed, ground="call")
    assert page.status_code == 200
    assert "Nobody was found" in page.text
    assert "49" not in re.sub(r"[\w-]{20,}", "", page.text)
    assert {row[2] for row in desk.audit_notes()} == {"nobody"}
    assert web_workspace.contact(AINO)


@pytest.mark.parametrize("typed", ["A" * 255, "A" * 4000, "m01 " * 900], ids=["255", "4000", "words"])
async def test_an_endless_search_finds_nobody(desk, typed):
    page = await desk.post("/find", typed=typed, ground="call")
    assert "Nobody was found" in page.text


async def test_a_search_of_more_than_a_part_is_refused(desk):
    assert (await desk.post("/find", typed="A" * 15_000, ground="call")).status_code in {400, 413}


@pytest.mark.parametrize(
    "typed",
    ["  m01\r\n", "ｍ０１", "Nimi1\nMäki", "Nimi1\u00a0Mäki"],
    ids=["newline", "full width", "two lines", "fixed space"],
)  # fmt: skip
async def test_a_value_typed_or_pasted_oddly_is_still_the_whole_value(desk, typed):
    assert f"<h1>{NAME_OF_AINO}</h1>" in (await desk.post("/find", typed=typed, ground="call")).text


@pytest.mark.parametrize("ground", ["", "curiosity", "CALL", "call ", "call\n", "reason", "call'--"])
async def test_a_search_without_a_reason_of_the_list_shows_nobody(desk, ground):
    page = await desk.post("/find", typed=AINO, ground=ground)
    assert page.status_code == 400
    assert NAME_OF_AINO not in page.text
    assert desk.audit_notes() == []


async def test_two_reasons_are_no_reason(desk):
    page = await desk.post("/find", typed=AINO, ground=["call", "visit"])
    assert page.status_code == 400
    assert desk.audit_notes() == []


async def test_the_first_search_of_a_session_has_no_reason_preselected(web_workspace, web, desk):
    assert " checked" not in (await desk.page("")).text
    await desk.post("/find", typed=AINO, ground="visit")
    assert re.findall(r'value="(\w+)" required checked', (await desk.page("")).text) == ["visit"]
    kalle, _ = await another_session(web_workspace, web)
    assert " checked" not in (await kalle.page("")).text


async def test_a_preselected_reason_alone_is_no_reason(desk):
    await desk.post("/find", typed=AINO, ground="visit")
    assert (await desk.post("/find", typed=OTHER)).status_code == 400


async def test_searches_are_limited_however_they_are_made(web_workspace, desk):
    await desk.open_member(MEMBERS[2])
    statuses = []
    for number in range(25):
        statuses.append((await desk.post("/find", typed=f"m{number}", ground="call")).status_code)
        statuses.append((await desk.post("/member", member=AINO, ground="call")).status_code)
        statuses.append((await desk.do_task("/household", place="0")).status_code)
    assert 429 in statuses
    assert statuses.count(200) <= 60


async def test_a_common_name_shows_no_more_than_twenty_members(web_workspace, desk):
    for member in MEMBERS:
        web_workspace.change_contact(member, name_key="virtanen anna")
    page = await desk.post("/find", typed="Anna Virtanen", ground="call")
    assert len(hidden_fields(page.text)["member"]) == MAX_RESULTS
    assert "There are more than are shown" in page.text


# messages and why


async def test_an_agent_reads_no_purchases_in_the_reasons_of_messages(web_workspace, desk):
    page = await desk.open_member()
    assert "Purchases took part in the choice" in page.text
    assert "COFFEE" not in page.text


async def test_an_expert_reads_why_a_message_was_sent(web_workspace, web):
    expert = await open_desk_session(web_workspace, web, Role.EXPERT)
    page = await expert.open_member()
    assert "coffee" in page.text.lower()
    assert 'id="choices"' not in page.text


# the audit log


@pytest.mark.parametrize("path", ["/audit", "/audit/verify", "/audit/export"])
@pytest.mark.parametrize("role", [Role.DESK, Role.EXPERT, Role.ANALYST, Role.APPROVER])
async def test_the_audit_log_is_closed_to_other_roles(web_workspace, web, path, role):
    desk = await open_desk_session(web_workspace, web, role)
    assert (await desk.post(path, form="csv")).status_code == 403
    assert 'action="/desk/audit' not in (await desk.page("")).text


@pytest.mark.parametrize("path", ["/audit/verify", "/audit/export"])
@pytest.mark.parametrize("ticket", ["", "x", "of a member"])
async def test_the_audit_log_is_neither_verified_nor_exported_without_its_page(web_workspace, officer, path, ticket):
    await officer.open_member()
    before = len(officer.audit_notes())
    answer = await officer.post(path, form="csv", ticket=officer.ticket if ticket == "of a member" else ticket)
    assert answer.status_code == 403
    assert len(officer.audit_notes()) == before


async def open_audit(officer, **fields):
    page = await officer.post("/audit", **fields)
    return page, hidden_fields(page.text).get("ticket", [""])[0]


@pytest.mark.parametrize(
    "fields",
    [{"first": "2018-13-01"}, {"last": "yesterday"}, {"first": "0001-01-01"}, {"last": "9999-12-31"},
     {"actor": "Aino Mäki"}, {"actor": "aino@example.org"}, {"actor": "x' OR 1=1 --"}, {"actor": "a" * 300}],
    ids=lambda fields: "=".join(next(iter(fields.items())))[:40],
)  # fmt: skip
async def test_an_audit_search_that_is_invalid_shows_and_notes_nothing(officer, fields):
    page, _ = await open_audit(officer, **fields)
    assert page.status_code == 400
    assert "<table" not in page.text
    assert "aria-invalid" in page.text
    assert officer.audit_notes() == []


@pytest.mark.parametrize("action", ["x", "look_up' OR 1=1 --", "%", "drop table"])
async def test_an_unknown_act_is_refused(officer, action):
    assert (await officer.post("/audit", action=action)).status_code == 400
    assert officer.audit_notes() == []


@pytest.mark.parametrize("subject", ["%", "member:%", "' OR 1=1 --", "m0", "*", "\u202e", "a" * 4000])
async def test_a_pattern_finds_no_row_of_the_audit_log(officer, subject):
    await officer.open_member()
    page, _ = await open_audit(officer, subject=subject)
    assert "No row matches" in page.text


async def test_an_audit_search_for_a_member_is_noted_without_the_number(web_workspace, officer):
    await officer.open_member()
    page, _ = await open_audit(officer, subject=AINO, action="look_up", first="2018-01-01", last="2018-01-01")
    assert page.text.count("<tr><td>") == 1
    actor, action, subject, detail = officer.audit_notes()[-1]
    assert (actor, action) == (NAME, "read_audit")
    assert subject == subject_of_member(web_workspace.engine.context.signer, AINO)
    assert AINO not in str(rows(web_workspace, "audit"))
    assert detail["action"] == "look_up"


@pytest.mark.parametrize("before", ["x", "-1", "1; DROP TABLE audit", "9" * 400, "٣", "1.5", "0x10"])
async def test_an_invalid_row_number_shows_the_newest_page(officer, before):
    page, ticket = await open_audit(officer)
    answer = await officer.web.get(f"/desk/log/{ticket}", params={"lang": "en", "before": before})
    assert (answer.status_code, answer.text.count("<tr><td>")) == (200, page.text.count("<tr><td>"))


async def test_the_audit_log_is_paged_without_gaps(web_workspace, officer):
    with web_workspace.engine.context.ledger.write() as connection:
        for number in range(120):
            record(connection, web_workspace.clock.time, "paging", "find", f"row{number}")
    page, ticket = await open_audit(officer, actor="paging")
    subjects = re.findall(r"row\d+", page.text)
    while older := re.search(r'before=(\d+)" rel="next"', page.text):
        page = await officer.web.get(f"/desk/log/{ticket}?lang=en&before={older[1]}")
        subjects += re.findall(r"row\d+", page.text)
    assert subjects == [f"row{number}" for number in range(119, -1, -1)]


@pytest.mark.parametrize("path", ["/audit", "/audit/verify", "/audit/export"])
async def test_work_on_the_audit_log_is_limited(officer, path):
    _, ticket = await open_audit(officer)
    answers = [(await officer.post(path, ticket=ticket, form="csv")).status_code for _ in range(31)]
    assert answers[-1] == 429


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "|calc", "%0A", "\t=1+1", '=HYPERLINK("//evil")'])
async def test_no_cell_of_an_audit_export_is_a_formula(web_workspace, officer, formula):
    with web_workspace.engine.context.ledger.write() as connection:
        record(connection, web_workspace.clock.time, formula, "find", formula, {"case": formula})
    _, ticket = await open_audit(officer)
    answer = await officer.post("/audit/export", ticket=ticket, form="csv")
    cells = [cell for row in csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";") for cell in row]
    assert formula.strip() in str(cells)
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "|", "%", "\t"))] == []


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb;c", 'a"b', "a\u2028b"])
async def test_a_line_break_in_a_row_makes_no_row_of_an_export(web_workspace, officer, text):
    with web_workspace.engine.context.ledger.write() as connection:
        record(connection, web_workspace.clock.time, text, "find", "nobody")
    _, ticket = await open_audit(officer)
    number = len(rows(web_workspace, "audit"))
    lines = (await officer.post("/audit/export", ticket=ticket, form="jsonl")).text.split("\n")
    assert [json.loads(line)["seq"] for line in lines[:-1]] == list(range(1, number + 1))
    sheet = (await officer.post("/audit/export", ticket=ticket, form="csv")).content.decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(sheet), delimiter=";"))) == number + 2


@pytest.mark.parametrize(
    "form", ["", "xml", "csv\r\nX-Evil: 1", "../../etc/passwd", 'csv"; filename="evil.html', "html", "CSV"]
)
async def test_a_download_has_no_other_form_and_name(officer, form):
    _, ticket = await open_audit(officer)
    answer = await officer.post("/audit/export", ticket=ticket, form=form)
    assert answer.status_code == 400
    assert "content-disposition" not in answer.headers


async def test_an_export_is_noted_and_named_by_us_alone(web_workspace, officer):
    _, ticket = await open_audit(officer, subject='x"; filename="evil.html')
    answer = await officer.post("/audit/export", ticket=ticket, form="csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="viesti-audit-2018-01-01.csv"'
    assert officer.audit_notes()[-1][1:] == ("export_audit", "audit", {"form": "csv", "rows": 0})


async def test_an_export_that_would_be_cut_is_refused(web_workspace, officer, monkeypatch):
    monkeypatch.setattr("campaigns.people.accounts.audit_log.MAX_EXPORT", 3)
    _, ticket = await open_audit(officer)
    answer = await officer.post("/audit/export", ticket=ticket, form="csv")
    assert answer.status_code == 400
    assert "Choose fewer days" in answer.text
    assert officer.audit_notes()[-1][1] == "read_audit"


async def test_a_changed_row_is_named_with_its_number(web_workspace, officer):
    _, ticket = await open_audit(officer)
    whole = await officer.post("/audit/verify", ticket=ticket)
    assert "The chain is whole" in whole.text
    with web_workspace.engine.context.ledger.write() as connection:
        connection.execute(update(AUDIT).where(AUDIT.c.seq == 2).values(actor="nobody"))
    broken = await officer.post("/audit/verify", ticket=ticket)
    assert "The chain breaks at row 2. The row was changed." in broken.text
    assert officer.audit_notes()[-1][1] == "verify_audit"


@pytest.mark.parametrize("seal", ["x", "12", ":", "1:", "-1:abc", "١:abc"[1:], "<script>", "9" * 90])
async def test_a_malformed_seal_is_refused_at_its_field(officer, seal):
    _, ticket = await open_audit(officer)
    page = await officer.post("/audit/verify", ticket=ticket, seal=seal)
    assert page.status_code == 400
    assert '<p class="wrong" id="seal-wrong">A seal is written like' in page.text
    assert "<script>" not in page.text


async def test_a_seal_of_another_log_breaks_the_chain(officer):
    _, ticket = await open_audit(officer)
    page = await officer.post("/audit/verify", ticket=ticket, seal="1:abcdef")
    assert "not the one that was written down" in page.text


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=y>', "{{ 7*7 }}"])
async def test_a_row_of_the_audit_log_is_shown_as_text(web_workspace, officer, text):
    with web_workspace.engine.context.ledger.write() as connection:
        record(connection, web_workspace.clock.time, text, text, text, {"case": text})
    page, _ = await open_audit(officer)
    for tag in ("<script", "<img"):
        assert tag not in page.text
    assert "49" not in re.findall(r"<td>(.*?)</td>", page.text)


async def test_a_session_without_rows_in_the_ledger_opens_nothing(web_workspace, desk):
    await desk.open_member()
    with web_workspace.engine.context.ledger.write() as connection:
        connection.execute(STAFF_SESSION.delete())
    assert (await desk.page(f"/member/{desk.ticket}")).status_code == 403
