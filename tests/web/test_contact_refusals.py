"""Refusals of a changed contact by the former one, whatever the agent does meanwhile (C-11)."""

from datetime import timedelta

import pytest

from audiences.consent.consent_state import ConsentSource
from audiences.people import contact_changes
from campaigns.core.errors import UserError
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.people.privacy import contact_proofs, merging, requests
from tests.support.changed_contacts import EVIL, EVIL_PHONE, WAIT, assert_works_once, is_proven, set_at_desk
from tests.support.contact_links import code_to, links_to
from tests.support.page_walk import ask_for_code, sign_in
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO, MAIL, PHONE

OTHER = MEMBERS[6]


async def test_the_former_address_refuses_a_change_which_restores_it_and_tells_the_desk(web_workspace, web):
    await sign_in(web_workspace, web, PHONE)
    set_at_desk(web_workspace, email=EVIL)
    (link,) = links_to(web_workspace, MAIL, "not-me")
    assert "It was not me, stop the change" in (await web.get(f"{link}?lang=en")).text
    assert web_workspace.contact(AINO)["email"] == EVIL
    assert (await web.post(link)).status_code == 200
    assert web_workspace.contact(AINO)["email"] == MAIL
    assert is_proven(web_workspace)
    assert web_workspace.ledger_dump()["member_session"] == []
    (filed,) = requests.list_open(web_workspace.engine.context)
    assert (filed.kind, filed.member_id) == ("correct", AINO)
    assert "en vaihtanut yhteystietojani" in filed.words


@pytest.mark.hostile
async def test_a_refused_address_can_no_longer_be_proven_by_its_link(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    (proving,) = links_to(web_workspace, EVIL, "confirm")
    (refusing,) = links_to(web_workspace, MAIL, "not-me")
    await web.post(refusing)
    assert (await web.post(proving)).status_code == 410
    assert web_workspace.contact(AINO)["email"] == MAIL


@pytest.mark.hostile
async def test_sending_the_proof_again_does_not_void_the_refusing_link(web_workspace, web, desk):
    await desk.open_member()
    await desk.do_task("/contact", email=EVIL)
    await desk.do_task("/proof/send", field="email")
    (refusing,) = links_to(web_workspace, MAIL, "not-me")
    assert (await web.post(refusing)).status_code == 200
    assert web_workspace.contact(AINO)["email"] == MAIL


@pytest.mark.hostile
async def test_a_proven_stranger_is_blocked_by_the_former_address(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    (proving,) = links_to(web_workspace, EVIL, "confirm")
    await web.post(proving)
    await sign_in(web_workspace, web, EVIL)
    (refusing,) = links_to(web_workspace, MAIL, "not-me")
    await web.post(refusing)
    assert "Your one-time" not in (await web.get("/me?lang=en")).text
    assert web_workspace.ledger_dump()["member_session"] == []
    codes = len(web_workspace.codes())
    await ask_for_code(web, EVIL)
    assert len(web_workspace.codes()) == codes
    assert not is_proven(web_workspace)


@pytest.mark.hostile
async def test_a_blocked_address_is_not_proven_again_at_the_desk(web_workspace, web, desk):
    await desk.open_member()
    await desk.do_task("/contact", email=EVIL)
    code = code_to(web_workspace, EVIL)
    await desk.do_task("/proof/code", field="email", code=code)
    (refusing,) = links_to(web_workspace, MAIL, "not-me")
    await web.post(refusing)
    page = await desk.page(f"/member/{desk.ticket}")
    assert "stopped" in page.text
    assert "Nothing has changed" in (await desk.do_task("/proof/send", field="email")).text
    assert (await desk.do_task("/proof/code", field="email", code=code)).status_code == 400
    assert not is_proven(web_workspace)


async def prove_by_link(web_workspace, web, address):
    (proving,) = links_to(web_workspace, address, "confirm")
    assert (await web.post(proving)).status_code == 200


@pytest.mark.hostile
async def test_after_a_refusal_the_former_address_is_told_of_the_next_change_and_refuses_it(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    await prove_by_link(web_workspace, web, EVIL)
    await web.post(links_to(web_workspace, MAIL, "not-me")[0])
    set_at_desk(web_workspace, email="second@example.net")
    await prove_by_link(web_workspace, web, "second@example.net")
    _, refusing = links_to(web_workspace, MAIL, "not-me")
    assert (await web.post(refusing)).status_code == 200
    assert not is_proven(web_workspace)


@pytest.mark.hostile
async def test_a_blocked_address_refuses_no_change_and_is_not_restored(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    await prove_by_link(web_workspace, web, EVIL)
    await web.post(links_to(web_workspace, MAIL, "not-me")[0])
    set_at_desk(web_workspace, email=MAIL)
    assert links_to(web_workspace, EVIL, "not-me") == []
    assert web_workspace.contact(AINO)["email"] == MAIL
    assert is_proven(web_workspace)


def file_correction(web_workspace, number, length):
    words = f"{number} " + "x" * length
    requests.file(web_workspace.engine.context, AINO, RequestKind.CORRECT, ConsentSource.WEB, words)


def fill_corrections(web_workspace):
    """File corrections until the request takes no more."""
    for number in range(5):
        file_correction(web_workspace, number, 1_900)
    file_correction(web_workspace, 5, 400)
    with pytest.raises(UserError, match="too long together"):
        file_correction(web_workspace, 6, 50)


@pytest.mark.hostile
async def test_a_flood_of_corrections_hinders_no_refusal(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    fill_corrections(web_workspace)
    assert (await web.post(links_to(web_workspace, MAIL, "not-me")[0])).status_code == 200
    assert web_workspace.contact(AINO)["email"] == MAIL
    (filed,) = requests.list_open(web_workspace.engine.context)
    assert "en vaihtanut yhteystietojani" in filed.words


@pytest.mark.hostile
async def test_a_flood_of_corrections_hinders_no_stop_of_a_held_request(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    contact_proofs.hold_while_waiting(web_workspace.engine.context, AINO, RequestKind.ERASE)
    fill_corrections(web_workspace)
    assert (await web.post(links_to(web_workspace, MAIL, "stop-request")[0])).status_code == 200
    assert web_workspace.ledger_dump()["member_session"] == []


@pytest.mark.hostile
async def test_a_merge_into_unproven_addresses_is_told_to_the_addresses_of_the_merged_id(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL, phone=EVIL_PHONE)
    merged = web_workspace.contact(OTHER)
    merging.merge(web_workspace.engine.context, OTHER, AINO, approved=True)
    for address in (merged["email"], merged["phone"]):
        assert len(links_to(web_workspace, address, "not-me")) == 1


@pytest.mark.hostile
async def test_a_merge_voids_no_refusing_link_of_the_merged_id(web_workspace, web):
    former = web_workspace.contact(OTHER)["email"]
    set_at_desk(web_workspace, OTHER, email=EVIL)
    (refusing,) = links_to(web_workspace, former, "not-me")
    merging.merge(web_workspace.engine.context, OTHER, AINO, approved=True)
    await sign_in(web_workspace, web, PHONE)
    web_workspace.clock.time += timedelta(hours=70)
    assert (await web.post(refusing)).status_code == 200
    assert web_workspace.ledger_dump()["member_session"] == []
    assert web_workspace.contact(AINO)["email"] == MAIL
    assert is_proven(web_workspace)
    context = web_workspace.engine.context
    with context.ledger.read() as connection:
        assert contact_changes.opens_at(connection, AINO, context.clock.now()) == context.clock.now() + WAIT
    (filed,) = requests.list_open(context)
    assert filed.member_id == AINO


@pytest.mark.hostile
async def test_a_merged_ids_proof_link_proves_nothing_of_the_member_who_stays(web_workspace, web):
    set_at_desk(web_workspace, OTHER, email=EVIL)
    set_at_desk(web_workspace, email="unproven@example.net")
    (proving,) = links_to(web_workspace, EVIL, "confirm")
    merging.merge(web_workspace.engine.context, OTHER, AINO, approved=True)
    assert (await web.post(proving)).status_code == 410
    assert not is_proven(web_workspace)


@pytest.mark.hostile
async def test_a_replayed_refusal_changes_nothing(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    (refusing,) = links_to(web_workspace, MAIL, "not-me")
    await assert_works_once(web_workspace, web, refusing)


@pytest.mark.hostile
async def test_refusing_the_first_of_two_changes_brings_back_the_first_address(web_workspace, web):
    set_at_desk(web_workspace, email="step@example.net")
    set_at_desk(web_workspace, email=EVIL)
    refusing = links_to(web_workspace, MAIL, "not-me")
    assert len(refusing) == 2  # the proven address is told of both; the unproven one of none
    assert links_to(web_workspace, "step@example.net", "not-me") == []
    await web.post(refusing[0])
    assert web_workspace.contact(AINO)["email"] == MAIL


@pytest.mark.hostile
@pytest.mark.parametrize("token", ["", "x", "A" * 34, "../../me", "%00", "A" * 5000])
@pytest.mark.parametrize("path", ["confirm", "not-me", "stop-request"])
async def test_forged_contact_links_are_not_found_and_change_nothing(web_workspace, web, path, token):
    set_at_desk(web_workspace, email=EVIL)
    before = web_workspace.ledger_dump()
    assert (await web.post(f"/{path}/{token}")).status_code in {404, 405}
    assert web_workspace.ledger_dump() == before
