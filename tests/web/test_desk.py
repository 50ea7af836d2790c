"""Service desk: finding and showing members, each look-up audited (A-24)."""

import pytest

from campaigns.core.model.roles import Role
from campaigns.people.accounts import staff_accounts as accounts
from campaigns.store.people import accounts as people_accounts
from campaigns.store.people import audit_seals
from campaigns.store.people.audit import subject_of_member
from tests.support.desk_session import NAME
from tests.support.page_walk import hidden_fields
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO, SHARERS

OTHER = MEMBERS[5]


@pytest.mark.parametrize(
    ("by", "typed"),
    [
        ("number", AINO),
        ("name", "Nimi1 Mäki"),
        ("name", "  mÄKI   nimi1 "),
        ("name", "Nimi1 Mäki 00370"),
        ("name", "Mäki Nimi1, FI-00370"),
        ("phone", "040 123 0001"),
        ("phone", "+358401230001"),
        ("phone", "(040) 123-0001"),
        ("email", f"{AINO.upper()}@Example.ORG"),
    ],
)
async def test_one_box_knows_number_phone_email_and_name_and_opens_the_only_match(desk, by, typed):
    page = await desk.post("/find", typed=typed, ground="visit", case="A-17")
    assert page.status_code == 200
    assert "<h1>Nimi1 Mäki</h1>" in page.text
    subject = subject_of_member(desk.web_workspace.engine.context.signer, AINO)
    assert desk.audit_notes() == [(NAME, "look_up", subject, {"by": by, "why": "visit", "case": "A-17"})]


async def test_digits_are_looked_up_as_a_phone_and_as_a_member_number(web_workspace, desk):
    web_workspace.import_rows("members", [{"member_id": "0401230002", "register": "owners", "first_name": "Numero"}])
    page = await desk.post("/find", typed="0401230002", ground="call")
    assert hidden_fields(page.text)["member"] == ["0401230002", MEMBERS[1]]


@pytest.mark.parametrize(
    ("by", "typed"),
    [("number", "Nimi1"), ("number", "Mäki"), ("number", "%"), ("number", "m0"), ("number", "1230001"),
     ("email", "m01@"), ("name", "' OR 1=1 --"), ("name", "' OR ''='"), ("email", "%@example.org"),
     ("name", "Nimi1 Mäki 00371"), ("name", "Nimi1 Mäk")],
)  # fmt: skip
async def test_partial_values_and_patterns_find_nobody_and_are_audited(desk, by, typed):
    page = await desk.post("/find", typed=typed, ground="call")
    assert "member" not in hidden_fields(page.text)
    assert "Nobody was found" in page.text
    assert desk.audit_notes() == [(NAME, "find", "nobody", {"by": by, "found": 0, "why": "call"})]


async def test_members_sharing_an_address_are_all_shown_and_audited(web_workspace, desk):
    page = await desk.post("/find", typed="perhe@example.org", ground="call")
    assert hidden_fields(page.text)["member"] == list(SHARERS)
    assert {row[2] for row in desk.audit_notes()} == {
        subject_of_member(web_workspace.engine.context.signer, member) for member in SHARERS
    }


async def test_a_postal_code_distinguishes_namesakes(web_workspace, desk):
    namesake = {"member_id": "m90", "first_name": "Nimi1", "last_name": "Mäki", "postal_code": "99990"}
    web_workspace.import_rows("members", [{**namesake, "register": "owners"}])
    both = await desk.post("/find", typed="Nimi1 Mäki", ground="call")
    one = await desk.post("/find", typed="Nimi1 Mäki 99990", ground="call")
    assert hidden_fields(both.text)["member"] == [AINO, "m90"]
    assert "m90" in one.text
    assert f">{AINO}<" not in one.text


@pytest.mark.parametrize(
    "fields",
    [{}, {"ground": "curiosity"}, *({"ground": "call", "case": case} for case in ("Aino Mäki", "aino", "a@b1.fi"))],
)
async def test_a24_a_look_up_needs_a_reason_that_names_nobody(desk, fields):
    for answer in (
        await desk.post("/find", typed=AINO, **fields),
        await desk.post("/member", member=AINO, **fields),
    ):
        assert answer.status_code == 400
        assert member_email(desk) not in answer.text
    assert desk.audit_notes() == []


def member_email(desk):
    return desk.web_workspace.contact(AINO)["email"]


async def test_a24_a_look_up_is_audited_with_its_reason(web_workspace, desk):
    page = await desk.open_member(ground="letter", case="B/77")
    assert f"{AINO}@example.org" in page.text
    subject = subject_of_member(web_workspace.engine.context.signer, AINO)
    assert desk.audit_notes() == [(NAME, "look_up", subject, {"why": "letter", "case": "B/77"})]


async def test_an_unknown_member_number_is_refused(desk):
    answer = await desk.open_member("m99")
    assert answer.status_code == 400
    assert "There is no such member" in answer.text


@pytest.mark.long
async def test_an_agent_is_limited_to_sixty_look_ups_in_fifteen_minutes(web_workspace, desk):
    answers = [(await desk.post("/member", member=AINO, ground="call")).status_code for _ in range(61)]
    assert answers == [200] * 60 + [429]
    web_workspace.clock.advance(minutes=15)
    assert (await desk.post("/member", member=AINO, ground="call")).status_code == 200


async def test_the_desk_role_sees_no_purchases(web_workspace, desk):
    page = (await desk.open_member()).text
    for word in ("COFFEE", "CHEESE", "FOOD", "5.00", "2017-12-10", "Lines of purchases"):
        assert word not in page


async def test_objections_are_shown_as_off(web_workspace, desk):
    web_workspace.record_choices(AINO, "no_direct_mail")
    page = " ".join((await desk.open_member()).text.split())
    assert "Advertising letters: off" in page
    assert "Advertising letters: on" not in page


async def test_gd23_a_secret_address_is_masked_for_agents_and_not_for_the_officer(web_workspace, web, desk):
    web_workspace.record_choices(AINO, "address_secret")
    street, phone = web_workspace.contact(AINO)["street"], web_workspace.contact(AINO)["phone"]
    found, opened = await desk.post("/find", typed=AINO, ground="call"), await desk.open_member()
    assert "Secret" in opened.text
    for page in (found, opened):
        assert street not in page.text
        assert phone not in page.text
        assert web_workspace.contact(AINO)["postal_code"] not in page.text
    accounts.give_roles(web_workspace.engine.context, NAME, [Role.PRIVACY_OFFICER])
    with web_workspace.engine.context.ledger.write() as connection:
        web.cookies.set("viesti-desk", people_accounts.open_session(connection, NAME, web_workspace.clock.time))
    desk.proof = hidden_fields((await web.get("/desk")).text)["proof"][0]
    assert street in (await desk.open_member()).text
    assert desk.audit_notes()[-1][3] == {"why": "call", "unmasked": True}


async def test_member_fields_and_request_texts_are_escaped(web_workspace, desk):
    web_workspace.change_contact(
        AINO, first_name="<script>alert(1)</script>", city='"><img src=x onerror=y>', last_name="{{ 7*7 }}"
    )
    for page in (await desk.post("/find", typed=AINO, ground="call"), await desk.open_member()):
        assert "<script" not in page.text
        assert "<img" not in page.text
        assert "{{ 7*7 }}" in page.text
    filed = await desk.do_task("/file", kind="correct", words="<b>x</b>")
    assert "<b>" not in filed.text


async def test_a24_the_audit_log_of_a_desk_session_seals_and_verifies(web_workspace, desk):
    await desk.open_member()
    await desk.do_task("/file", kind="restrict")
    audit_seals.seal_all(
        web_workspace.engine.context.ledger, web_workspace.engine.context.signer, web_workspace.clock.time
    )
    with web_workspace.engine.context.ledger.read() as connection:
        assert audit_seals.verify(connection, web_workspace.engine.context.signer).fault is None
    assert AINO not in str(web_workspace.ledger_dump()["audit"])
