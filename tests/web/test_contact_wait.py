"""Wait of 72 hours between a change of contact and the member's data, which any known address starts anew (C-11)."""

from datetime import timedelta

import pytest

from audiences.consent.consent_state import ConsentSource
from audiences.people import contact_changes
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.core.model.roles import Role
from campaigns.people.desk import changes
from campaigns.people.privacy import contact_proofs, merging, requests
from tests.support.changed_contacts import EVIL, EVIL_PHONE, WAIT, set_at_desk
from tests.support.contact_links import links_to, recipients
from tests.support.data_page import ERASE, EXPORT, SHOW_ALL, type_fresh_code
from tests.support.desk_session import open_desk_session
from tests.support.page_walk import sign_in
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO, MAIL, PHONE

OTHER = MEMBERS[6]


@pytest.mark.hostile
@pytest.mark.parametrize("path", [SHOW_ALL, EXPORT, ERASE])
@pytest.mark.parametrize("passed", [timedelta(0), timedelta(hours=71), WAIT - timedelta(seconds=1)], ids=str)
async def test_c11_data_waits_for_72_hours_after_a_change_of_contact(web_workspace, web, path, passed):
    set_at_desk(web_workspace, email=EVIL)
    web_workspace.clock.time += passed
    await sign_in(web_workspace, web, PHONE)
    proof = await type_fresh_code(web_workspace, web, "sms")
    answer = await web.post(f"{path}?lang=en", data={"proof": proof, "form": "json", "word": "ERASE"})
    assert answer.status_code == 403
    assert "Your request waits" in answer.text
    assert "11:00" in answer.text
    assert "CHEESE" not in answer.text
    assert web_workspace.contact(AINO)["email"] == EVIL


@pytest.mark.parametrize("path", [SHOW_ALL, EXPORT, ERASE])
async def test_data_is_handed_out_after_the_wait_by_a_fresh_code(web_workspace, web, path):
    set_at_desk(web_workspace, email=EVIL)
    web_workspace.clock.time += WAIT
    await sign_in(web_workspace, web, PHONE)
    proof = await type_fresh_code(web_workspace, web, "sms")
    assert (await web.post(path, data={"proof": proof, "form": "json", "word": "ERASE"})).status_code == 200


@pytest.mark.hostile
async def test_a_session_with_a_fresh_code_from_before_the_change_exports_nothing(web_workspace, web):
    await sign_in(web_workspace, web, PHONE)
    proof = await type_fresh_code(web_workspace, web, "sms")
    set_at_desk(web_workspace, email=EVIL)
    assert (await web.post(EXPORT, data={"proof": proof, "form": "json"})).status_code == 403


@pytest.mark.hostile
async def test_a_waiting_request_does_not_open_without_another_fresh_code(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    await sign_in(web_workspace, web, PHONE)
    proof = await type_fresh_code(web_workspace, web, "sms")
    await web.post(EXPORT, data={"proof": proof, "form": "json"})
    web_workspace.clock.time += WAIT
    assert (await web.post(EXPORT, data={"proof": proof, "form": "json"})).status_code == 403
    assert "attachment" not in (await web.post(EXPORT, data={"proof": proof, "form": "json"})).headers


@pytest.mark.hostile
async def test_a_second_change_starts_the_wait_anew(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    web_workspace.clock.time += timedelta(hours=71)
    set_at_desk(web_workspace, email="again@example.net")
    web_workspace.clock.time += timedelta(hours=2)
    await sign_in(web_workspace, web, PHONE)
    proof = await type_fresh_code(web_workspace, web, "sms")
    assert (await web.post(EXPORT, data={"proof": proof, "form": "json"})).status_code == 403


@pytest.mark.hostile
@pytest.mark.parametrize("change", ["own", "removed", "import", "merge"])
async def test_every_kind_of_change_of_contact_starts_the_wait(web_workspace, change):
    context = web_workspace.engine.context
    if change == "own":
        set_at_desk(web_workspace, phone=EVIL_PHONE)
    elif change == "removed":
        changes.change_contact(context, AINO, {}, ["email"])
    elif change == "import":
        web_workspace.import_rows("members", [{"member_id": AINO, "register": "owners", "phone": "0501234567"}])
    else:
        merging.merge(context, OTHER, AINO, approved=True)
    with context.ledger.read() as connection:
        assert contact_changes.opens_at(connection, AINO, context.clock.now()) == context.clock.now() + WAIT


@pytest.mark.parametrize(
    "row",
    [{"member_id": "new1", "email": "new@example.org"}, {"member_id": AINO, "email": MAIL.upper(), "phone": PHONE}],
    ids=["a new member", "the same values"],
)
async def test_an_import_that_changes_no_known_contact_starts_no_wait(web_workspace, row):
    web_workspace.import_rows("members", [{"register": "owners", **row}])
    context = web_workspace.engine.context
    with context.ledger.read() as connection:
        assert contact_changes.opens_at(connection, row["member_id"], context.clock.now()) is None


async def test_a_held_request_is_told_to_every_known_address_once(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    await sign_in(web_workspace, web, PHONE)
    proof = await type_fresh_code(web_workspace, web, "sms")
    for _ in range(3):
        await web.post(EXPORT, data={"proof": proof, "form": "json"})
    assert sorted(recipients(web_workspace, "väntar den: den kan uppfyllas")) == sorted([EVIL, MAIL, PHONE])
    page = await web.get("/me/data?lang=en")
    assert "The copy of your data waits" in page.text


@pytest.mark.hostile
@pytest.mark.parametrize("address", [MAIL, EVIL, PHONE])
async def test_any_known_address_cancels_a_held_request_and_starts_the_wait_anew(web_workspace, web, address):
    set_at_desk(web_workspace, email=EVIL)
    web_workspace.clock.time += timedelta(hours=70)
    await sign_in(web_workspace, web, PHONE)
    proof = await type_fresh_code(web_workspace, web, "sms")
    await web.post(ERASE, data={"proof": proof, "word": "ERASE"})
    (link,) = links_to(web_workspace, address, "stop-request")
    await web.get(link)
    assert web_workspace.ledger_dump()["member_session"] != []  # a scanner stops nothing
    assert (await web.post(link)).status_code == 200
    assert web_workspace.ledger_dump()["member_session"] == []
    web_workspace.clock.time += timedelta(hours=70)
    await sign_in(web_workspace, web, PHONE)
    proof = await type_fresh_code(web_workspace, web, "sms")
    assert (await web.post(ERASE, data={"proof": proof, "word": "ERASE"})).status_code == 403
    assert web_workspace.contact(AINO)
    assert [filed.kind for filed in requests.list_open(web_workspace.engine.context)] == ["correct"]


@pytest.mark.hostile
async def test_a_merge_voids_no_link_that_cancels_a_held_request_of_the_merged_id(web_workspace, web):
    context = web_workspace.engine.context
    set_at_desk(web_workspace, OTHER, phone=EVIL_PHONE)
    contact_proofs.hold_while_waiting(context, OTHER, RequestKind.ACCESS)
    (link,) = links_to(web_workspace, web_workspace.contact(OTHER)["email"], "stop-request")
    merging.merge(context, OTHER, AINO, approved=True)
    await sign_in(web_workspace, web, PHONE)
    web_workspace.clock.time += timedelta(hours=70)
    assert (await web.post(link)).status_code == 200
    assert web_workspace.ledger_dump()["member_session"] == []
    with context.ledger.read() as connection:
        assert contact_changes.opens_at(connection, AINO, context.clock.now()) == context.clock.now() + WAIT
    merging.unmerge(context, OTHER)
    with context.ledger.read() as connection:
        assert contact_changes.opens_at(connection, OTHER, context.clock.now()) == context.clock.now() + WAIT
        assert contact_changes.opens_at(connection, AINO, context.clock.now()) is None


@pytest.mark.hostile
@pytest.mark.parametrize(("kind", "path"), [("access", "copy"), ("erase", "erase")])
async def test_the_queue_of_the_desk_waits_as_well(web_workspace, web, kind, path):
    officer = await open_desk_session(web_workspace, web, Role.PRIVACY_OFFICER)
    filed = requests.file(web_workspace.engine.context, AINO, RequestKind(kind), ConsentSource.PHONE)
    set_at_desk(web_workspace, email=EVIL)
    answer = await officer.post(f"/requests/{path}", number=filed.number, form="json", confirmed="yes")
    assert answer.status_code == 400
    assert "less than 72 hours ago" in answer.text
    assert web_workspace.contact(AINO)
