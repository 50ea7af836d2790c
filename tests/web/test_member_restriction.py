"""Restriction and its lifting by a member: both need a fresh code, and hold at once (C-11, GD-13, GD-16)."""

import pytest

from audiences.access import sessions
from tests.support.data_page import LIFT, audit_rows, filed_requests, session_token, type_fresh_code
from tests.support.page_walk import sign_in
from tests.support.web_client import AINO, MAIL, SHARERS


@pytest.mark.parametrize(("kind", "choice"), [("restrict", "restricted"), ("object", "no_marketing")])
async def test_gd13_gd16_restriction_and_objection_take_effect_at_once(web_workspace, web, kind, choice):
    await sign_in(web_workspace, web, MAIL)
    proof = await type_fresh_code(web_workspace, web)
    page = await web.post("/me/requests", data={"proof": proof, "kind": kind})
    assert page.status_code == 200
    assert web_workspace.contact(AINO)[choice] is True
    assert filed_requests(web_workspace) == [(AINO, kind, "web", "")]
    assert len(web_workspace.notices()) == 3  # two codes, and the confirmation
    run = web_workspace.run("offers")
    web_workspace.send(run)
    assert web_workspace.end_states(run)[AINO][0] == "withdrawn"


@pytest.mark.parametrize(
    ("kind", "hint"), [("restrict", "lift the restriction yourself"), ("object", "change your mind")]
)
async def test_the_page_says_how_to_undo_a_restriction_or_objection(web_workspace, web, kind, hint):
    await sign_in(web_workspace, web, MAIL)
    proof = await type_fresh_code(web_workspace, web)
    page = await web.get("/me/data?lang=en")
    assert hint in page.text
    answer = await web.post("/me/requests?lang=en", data={"proof": proof, "kind": kind})
    assert hint in answer.text


def is_restricted(web_workspace, member=AINO):
    return web_workspace.contact(member)["restricted"]


async def test_gd13_a_member_restricts_and_lifts_by_themselves(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    proof = await type_fresh_code(web_workspace, web)
    await web.post("/me/requests", data={"proof": proof, "kind": "restrict"})
    assert is_restricted(web_workspace)
    page = await web.get("/me?lang=en")
    assert 'href="/me/data?lang=en#rights">Lift the restriction' in page.text
    web_workspace.clock.advance(minutes=1)
    answer = await web.post(f"{LIFT}?lang=en", data={"proof": proof})
    assert "The restriction is lifted" in answer.text
    assert not is_restricted(web_workspace)
    assert len(audit_rows(web_workspace, "lift_restriction")) == 1


@pytest.mark.hostile
async def test_c11_a_restriction_without_a_fresh_code_is_refused(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    proof = await session_token(web)
    before = web_workspace.ledger_dump()
    assert (await web.post("/me/requests", data={"proof": proof, "kind": "restrict"})).status_code == 403
    assert web_workspace.ledger_dump() == before


@pytest.mark.hostile
async def test_c11_lifting_without_a_fresh_code_is_refused(web_workspace, web):
    web_workspace.record_choices(AINO, "restricted")
    await sign_in(web_workspace, web, MAIL)
    assert (await web.post(LIFT, data={"proof": await session_token(web)})).status_code == 403
    assert is_restricted(web_workspace)


@pytest.mark.hostile
@pytest.mark.parametrize("act", ["restrict", "lift"])
async def test_c11_restricting_and_lifting_with_an_expired_code_is_refused(web_workspace, web, act):
    if act == "lift":
        web_workspace.record_choices(AINO, "restricted")
    await sign_in(web_workspace, web, MAIL)
    proof = await type_fresh_code(web_workspace, web)
    web_workspace.clock.time += sessions.STEP_UP_LIFETIME
    path, form = (LIFT, {}) if act == "lift" else ("/me/requests", {"kind": "restrict"})
    assert (await web.post(path, data={"proof": proof, **form})).status_code == 403
    assert is_restricted(web_workspace) is (act == "lift")


@pytest.mark.hostile
async def test_gd13_the_code_of_one_member_lifts_no_restriction_of_another(web_workspace, web):
    web_workspace.record_choices(SHARERS[0], "restricted")
    await sign_in(web_workspace, web, MAIL)
    proof = await type_fresh_code(web_workspace, web)
    await web.post(LIFT, data={"proof": proof, "member_id": SHARERS[0], "member": SHARERS[0]})
    assert is_restricted(web_workspace, SHARERS[0])


@pytest.mark.hostile
async def test_gd13_lifting_again_and_again_is_one_entry_and_one_confirmation(web_workspace, web):
    web_workspace.record_choices(AINO, "restricted")
    web_workspace.clock.advance(minutes=1)
    await sign_in(web_workspace, web, MAIL)
    proof = await type_fresh_code(web_workspace, web)
    for _ in range(5):
        await web.post(LIFT, data={"proof": proof})
    assert [entry.on for entry in web_workspace.record() if entry.choice == "restricted"] == [True, False]
    assert len(audit_rows(web_workspace, "lift_restriction")) == 1


@pytest.mark.hostile
async def test_gd13_lifting_a_restriction_never_takes_back_a_death_or_a_refusal(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    proof = await type_fresh_code(web_workspace, web)
    web_workspace.record_choices(AINO, "restricted", "no_marketing", "address_secret")
    web_workspace.clock.advance(minutes=1)
    await web.post(LIFT, data={"proof": proof})
    contact = web_workspace.contact(AINO)
    assert (contact["restricted"], contact["no_marketing"], contact["address_secret"]) == (False, True, True)
