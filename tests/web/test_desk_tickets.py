"""Tickets of the desk: guessed, borrowed, expired, replayed, or of somebody else, they open nothing (A-24, C-06)."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from campaigns.core.model.privacy_rights import RequestKind
from campaigns.core.model.roles import Role
from campaigns.people.accounts import staff_accounts
from campaigns.people.privacy import erasure, requests
from campaigns.store.people import accounts, desk_tickets
from campaigns.store.people.people_tables import DESK_TICKET, STAFF_SESSION
from tests.support.desk_session import NAME, open_another_session, open_desk_session
from tests.support.page_walk import hidden_fields
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO, NAME_OF_AINO

pytestmark = pytest.mark.hostile

OTHER = MEMBERS[5]
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
    kalle = await open_another_session(web_workspace, web)
    assert (await kalle.page(f"/member/{desk.ticket}")).status_code == 404
    assert (await kalle.do_task("/contact", ticket=desk.ticket, email="evil@example.org")).status_code == 403
    assert web_workspace.contact(AINO)["email"] == f"{AINO}@example.org"


async def test_a_ticket_of_an_earlier_session_of_the_same_account_opens_nothing(web_workspace, web, desk):
    await desk.open_member()
    again = await open_another_session(web_workspace, web, NAME)
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
    assert web_workspace.ledger_dump()["desk_ticket"]
    web_workspace.clock.time += desk_tickets.TICKET_LIFETIME + timedelta(seconds=1)
    with web_workspace.engine.context.ledger.write() as connection:
        desk_tickets.write_ticket(connection, "secret", "x", {"kind": "x"}, web_workspace.clock.time)
    assert len(web_workspace.ledger_dump()["desk_ticket"]) == 1


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
    dump = str(web_workspace.ledger_dump()["desk_ticket"])
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


async def test_a_session_without_rows_in_the_ledger_opens_nothing(web_workspace, desk):
    await desk.open_member()
    with web_workspace.engine.context.ledger.write() as connection:
        connection.execute(STAFF_SESSION.delete())
    assert (await desk.page(f"/member/{desk.ticket}")).status_code == 403
