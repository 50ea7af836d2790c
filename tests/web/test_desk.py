"""The service desk: members found and seen, each look noted in the audit log (A-24)."""

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
        ("phone", "040 123 0001"),
        ("phone", "+358401230001"),
        ("email", f"{AINO.upper()}@Example.ORG"),
    ],
)
async def test_a_member_is_found_by_number_name_phone_and_email(desk, by, typed):
    page = await desk.post("/find", by=by, typed=typed, ground="visit", case="A-17")
    assert page.status_code == 200
    assert hidden_fields(page.text)["member"] == [AINO]
    assert desk.audit_notes() == [
        (
            NAME,
            "find",
            subject_of_member(desk.web_workspace.engine.signer, AINO),
            {"by": by, "found": 1, "why": "visit", "case": "A-17"},
        )
    ]


@pytest.mark.parametrize(
    ("by", "typed"),
    [("name", "Nimi1"), ("name", "Mäki"), ("name", "%"), ("number", "m0"), ("phone", "1230001"), ("email", "m01@"),
     ("name", "' OR 1=1 --"), ("number", "' OR ''='"), ("phone", ""), ("email", "%@example.org")],
)  # fmt: skip
async def test_a_part_or_a_pattern_finds_nobody_and_is_noted(desk, by, typed):
    page = await desk.post("/find", by=by, typed=typed, ground="call")
    assert "member" not in hidden_fields(page.text)
    assert desk.audit_notes() == [(NAME, "find", "nobody", {"by": by, "found": 0, "why": "call"})]


async def test_those_who_share_an_address_are_all_shown_and_all_noted(web_workspace, desk):
    page = await desk.post("/find", by="email", typed="perhe@example.org", ground="call")
    assert hidden_fields(page.text)["member"] == list(SHARERS)
    assert {row[2] for row in desk.audit_notes()} == {
        subject_of_member(web_workspace.engine.signer, each) for each in SHARERS
    }


async def test_namesakes_are_told_apart_by_their_postal_code(web_workspace, desk):
    web_workspace.import_rows("members", [{"member_id": "m90", "register": "owners", "first_name": "Nimi1", "last_name": "Mäki",
                            "postal_code": "99990"}])  # fmt: skip
    both = await desk.post("/find", by="name", typed="Nimi1 Mäki", ground="call")
    one = await desk.post("/find", by="name", typed="Nimi1 Mäki", postal_code="99990", ground="call")
    assert (hidden_fields(both.text)["member"], hidden_fields(one.text)["member"]) == ([AINO, "m90"], ["m90"])


@pytest.mark.parametrize(
    "fields",
    [{}, {"ground": "curiosity"}, *({"ground": "call", "case": case} for case in ("Aino Mäki", "aino", "a@b1.fi"))],
)
async def test_a24_nobody_looks_without_a_reason_and_a_reason_names_nobody(desk, fields):
    for answer in (
        await desk.post("/find", by="number", typed=AINO, **fields),
        await desk.post("/member", member=AINO, **fields),
    ):
        assert answer.status_code == 400
        assert town_words(desk) not in answer.text
    assert desk.audit_notes() == []


def town_words(desk):
    return desk.web_workspace.contact(AINO)["email"]


async def test_a24_a_look_up_is_noted_with_its_reason(web_workspace, desk):
    page = await desk.open_member(ground="letter", case="B/77")
    assert f"{AINO}@example.org" in page.text
    subject = subject_of_member(web_workspace.engine.signer, AINO)
    assert desk.audit_notes() == [(NAME, "look_up", subject, {"why": "letter", "case": "B/77"})]


async def test_a_member_who_is_not_there_is_not(desk):
    answer = await desk.open_member("m99")
    assert answer.status_code == 400
    assert "There is no such member" in answer.text


async def test_an_agent_looks_at_sixty_people_in_a_quarter_of_an_hour(web_workspace, desk):
    answers = [(await desk.post("/member", member=AINO, ground="call")).status_code for _ in range(61)]
    assert answers == [200] * 60 + [429]
    web_workspace.clock.advance(minutes=15)
    assert (await desk.post("/member", member=AINO, ground="call")).status_code == 200


async def test_the_desk_sees_nothing_of_what_anybody_bought(web_workspace, desk):
    page = (await desk.open_member()).text
    for word in ("COFFEE", "CHEESE", "FOOD", "5.00", "2017-12-10", "Lines of purchases"):
        assert word not in page


async def test_what_an_objection_names_is_off(web_workspace, desk):
    web_workspace.record_choices(AINO, "no_direct_mail")
    page = " ".join((await desk.open_member()).text.split())
    assert "Advertising letters: off" in page
    assert "Advertising letters: on" not in page


async def test_gd23_a_secret_address_is_masked_for_agents_and_not_for_the_officer(web_workspace, web, desk):
    web_workspace.record_choices(AINO, "address_secret")
    street, phone = web_workspace.contact(AINO)["street"], web_workspace.contact(AINO)["phone"]
    for page in (await desk.post("/find", by="number", typed=AINO, ground="call"), await desk.open_member()):
        assert "Secret" in page.text
        assert street not in page.text
        assert phone not in page.text
        assert web_workspace.contact(AINO)["postal_code"] not in page.text
    accounts.give_roles(web_workspace.engine, NAME, [Role.PRIVACY_OFFICER])
    with web_workspace.engine.ledger.write() as connection:
        web.cookies.set("viesti-desk", people_accounts.open_session(connection, NAME, web_workspace.clock.time))
    desk.proof = hidden_fields((await web.get("/desk")).text)["proof"][0]
    assert street in (await desk.open_member()).text
    assert desk.audit_notes()[-1][3] == {"why": "call", "unmasked": True}


async def test_what_members_are_called_is_text(web_workspace, desk):
    web_workspace.change_contact(
        AINO, first_name="<script>alert(1)</script>", city='"><img src=x onerror=y>', last_name="{{ 7*7 }}"
    )
    for page in (await desk.post("/find", by="number", typed=AINO, ground="call"), await desk.open_member()):
        assert "<script" not in page.text
        assert "<img" not in page.text
        assert "{{ 7*7 }}" in page.text
    filed = await desk.do_task("/file", kind="correct", words="<b>x</b>")
    assert "<b>" not in filed.text


async def test_no_page_of_the_desk_has_a_number_in_its_address(desk):
    page = await desk.open_member()
    for line in page.text.split('"'):
        assert not (line.startswith("/desk") and AINO in line)


async def test_a24_the_whole_day_is_sealed_and_fits(web_workspace, desk):
    await desk.open_member()
    await desk.do_task("/file", kind="restrict")
    audit_seals.seal_all(web_workspace.engine.ledger, web_workspace.engine.signer, web_workspace.clock.time)
    with web_workspace.engine.ledger.read() as connection:
        assert audit_seals.verify(connection, web_workspace.engine.signer).fault is None
    assert AINO not in str(web_workspace.ledger_dump()["audit"])
