"""Answers and codes of a caller check: none is shown, guessed, stored, or used for another member."""

import re
from datetime import timedelta

import pytest

from audiences.people.caller_checks import CHECK_LIFETIME, CODE_LIFETIME, MAX_CODES_PER_DAY, MAX_WRONG_PER_DAY
from campaigns.core.model.roles import Role
from campaigns.people.desk import caller_identity, changes
from campaigns.store.people import desk_tickets
from tests.support.caller_answers import RIGHT, WRONG
from tests.support.contact_links import code_to
from tests.support.desk_session import NAME, open_another_session, open_desk_session
from tests.support.page_walk import hidden_fields
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO, MAIL, PHONE

OTHER = MEMBERS[5]


# questions


@pytest.mark.parametrize("role", [Role.DESK, Role.EXPERT])
async def test_right_answers_open_the_member_and_are_audited_without_the_answers(web_workspace, web, role):
    session = await open_desk_session(web_workspace, web, role)
    await session.open_unchecked()
    answer = await session.do_task("/check/questions", **RIGHT)
    assert "The person is checked" in answer.text
    (check,) = session.caller_checks()
    assert (check["how"], check["result"]) == ("questions", "passed")
    assert "birth_date" in check["questions"]
    dump = str(web_workspace.ledger_dump()["audit"]) + str(web_workspace.ledger_dump()["caller_check"])
    assert "1951" not in dump
    assert MAIL not in dump


@pytest.mark.hostile
@pytest.mark.parametrize(
    "known",
    [("answer_street", "answer_postal_code"), ("answer_email", "answer_phone"), ("answer_birth_date",),
     ("answer_street", "answer_postal_code", "answer_email", "answer_phone")],
    ids=["only name and address", "only the ways to reach them", "only the birthday", "all but the birthday"],
)  # fmt: skip
async def test_a_caller_who_knows_too_little_is_refused(web_workspace, desk, known):
    await desk.open_unchecked()
    answer = await desk.do_task("/check/questions", **{name: RIGHT[name] for name in known})
    assert answer.status_code == 400
    assert "do not match" in answer.text
    assert desk.caller_checks()[-1]["result"] == "wrong"
    assert (await desk.do_task("/contact", email="evil@example.net")).status_code == 403


@pytest.mark.hostile
@pytest.mark.parametrize(
    ("path", "fields"),
    [("/check/questions", WRONG | {"answer_birth_date": "1.1.1951"}), ("/check/code", {"code": "8765 4321"})],
)
async def test_a_refused_check_keeps_nothing_of_what_the_caller_said(web_workspace, desk, path, fields):
    await desk.open_unchecked()
    assert (await desk.do_task(path, **fields)).status_code == 400
    with web_workspace.engine.context.ledger.read() as connection:
        content = desk_tickets.read_ticket(
            connection, desk.web.cookies["viesti-desk"], desk.ticket, web_workspace.clock.time
        )
    assert content["outcome"]["refused"]["typed"] == {}


@pytest.mark.hostile
async def test_a_refusal_does_not_tell_which_answer_was_wrong(desk):
    await desk.open_unchecked()
    birthday_wrong = await desk.do_task("/check/questions", **{**RIGHT, "answer_birth_date": "2.1.1951"})
    all_wrong = await desk.do_task("/check/questions", **WRONG)
    assert birthday_wrong.text == all_wrong.text


@pytest.mark.hostile
async def test_brute_forced_answers_lock_the_member_for_the_day(web_workspace, desk):
    await desk.open_unchecked()
    for day in range(MAX_WRONG_PER_DAY):
        await desk.do_task("/check/questions", **{**RIGHT, "answer_birth_date": f"{day + 2}.1.1951"})
    answer = await desk.do_task("/check/questions", **RIGHT)
    assert answer.status_code == 400
    assert "too many wrong tries" in answer.text
    assert desk.caller_checks()[-1]["result"] == "locked"
    web_workspace.clock.time += timedelta(days=1)
    again = await open_another_session(web_workspace, desk.web, NAME)
    await again.open_unchecked()
    assert "The person is checked" in (await again.do_task("/check/questions", **RIGHT)).text


@pytest.mark.hostile
async def test_another_agents_session_does_not_unlock_a_member(web_workspace, desk):
    await desk.open_unchecked()
    for _ in range(MAX_WRONG_PER_DAY):
        await desk.do_task("/check/questions", **WRONG)
    again = await open_another_session(web_workspace, desk.web, NAME)
    await again.open_unchecked()
    assert (await again.do_task("/check/questions", **RIGHT)).status_code == 400
    assert (await again.do_task("/check/send", by="email")).status_code == 400


async def test_a_document_at_the_counter_opens_a_locked_member(desk):
    await desk.open_unchecked(ground="visit")
    for _ in range(MAX_WRONG_PER_DAY):
        await desk.do_task("/check/questions", **WRONG)
    answer = await desk.do_task("/check/document", document="passport")
    assert "The person is checked" in answer.text


async def test_an_empty_form_costs_no_try(web_workspace, desk):
    await desk.open_unchecked()
    answer = await desk.do_task("/check/questions")
    assert "Type what the caller answers" in answer.text
    assert web_workspace.ledger_dump()["caller_check"] == []


@pytest.mark.hostile
async def test_opening_the_page_anew_asks_the_same_questions(desk):
    await desk.open_unchecked()
    pages = [re.findall(r'name="(answer_\w+)"', await desk.member_text()) for _ in range(4)]
    assert all(names == pages[0] for names in pages)


@pytest.mark.hostile
async def test_an_address_that_changed_lately_is_neither_asked_nor_sent_a_code(web_workspace, desk):
    changes.change_contact(web_workspace.engine.context, AINO, {"email": "evil@example.net", "phone": "0509876543"}, [])
    page = await desk.open_unchecked()
    assert 'name="answer_email"' not in page.text
    assert 'name="answer_phone"' not in page.text
    for channel in ("email", "sms"):
        assert (await desk.do_task("/check/send", by=channel)).status_code == 400
    assert not any("kundtjänst. Läs upp" in text for _, text in web_workspace.notices())


@pytest.mark.hostile
async def test_a_postal_address_that_changed_lately_is_not_asked(web_workspace, desk):
    context, address = web_workspace.engine.context, {"street", "postal_code"}
    moved = {"street": "Evil Street 1", "postal_code": "00100", "city": "Helsinki"}
    changes.change_contact(context, AINO, moved, [])
    await desk.open_unchecked()
    answers = {"answer_birth_date": "1.1.1951", "answer_street": "Evil Street 1", "answer_postal_code": "00100"}
    assert (await desk.do_task("/check/questions", **answers)).status_code == 400
    for _ in range(4):
        questions = caller_identity.draw_questions(context, AINO, with_purchases=False)
        assert not address & {question.name for question in questions}
        web_workspace.clock.time += timedelta(hours=18)
    questions = caller_identity.draw_questions(context, AINO, with_purchases=False)
    assert address & {question.name for question in questions}


@pytest.mark.hostile
async def test_purchases_are_asked_about_only_by_roles_that_may_read_them(web_workspace):
    context = web_workspace.engine.context
    for member in MEMBERS:
        names = {question.name for question in caller_identity.draw_questions(context, member, with_purchases=False)}
        assert not names & {"purchase_month", "purchase_store"}


@pytest.mark.hostile
async def test_unknown_data_is_no_question_and_no_right_answer(web_workspace, desk):
    web_workspace.change_contact(AINO, street=None, postal_code=None, email=None, mailbox=None, phone=None)
    page = await desk.open_unchecked()
    assert "Too little is known" in page.text
    answer = await desk.do_task("/check/questions", answer_street="", answer_email="", answer_birth_date="1.1.1951")
    assert answer.status_code == 400
    assert (await desk.do_task("/contact", email="evil@example.net")).status_code == 403


# a code


async def test_a_code_read_out_opens_the_member(web_workspace, desk):
    await desk.open_unchecked()
    page = await desk.do_task("/check/send", by="email")
    assert MAIL not in page.text
    assert "m•••@e•••" in page.text
    answer = await desk.do_task("/check/code", code=code_to(web_workspace, MAIL))
    assert "The person is checked" in answer.text
    assert [(check["how"], check["result"]) for check in desk.caller_checks()] == [("code", "sent"), ("code", "passed")]


@pytest.mark.hostile
async def test_a_callers_code_signs_nobody_in(web_workspace, web, desk):
    await desk.open_unchecked()
    await desk.do_task("/check/send", by="email")
    challenge = hidden_fields((await web.post("/me/code", data={"address": PHONE})).text)["challenge"][0]
    answer = await web.post("/me/session", data={"challenge": challenge, "code": code_to(web_workspace, MAIL)})
    assert answer.status_code == 400


@pytest.mark.hostile
@pytest.mark.parametrize("when", ["used", "late", "another member", "superseded"])
async def test_a_callers_code_is_of_one_check_and_one_use(web_workspace, desk, when):
    await desk.open_unchecked()
    await desk.do_task("/check/send", by="email")
    code = code_to(web_workspace, MAIL)
    if when == "used":
        await desk.do_task("/check/code", code=code)
        web_workspace.clock.time += CHECK_LIFETIME
    elif when == "late":
        web_workspace.clock.time += CODE_LIFETIME
    elif when == "superseded":
        await desk.do_task("/check/send", by="sms")
    else:
        await desk.open_unchecked(OTHER)
        await desk.do_task("/check/send", by="email")
    assert (await desk.do_task("/check/code", code=code)).status_code == 400
    assert (await desk.do_task("/contact", email="evil@example.net")).status_code == 403


@pytest.mark.hostile
async def test_guessed_codes_lock_the_member(web_workspace, desk):
    await desk.open_unchecked()
    await desk.do_task("/check/send", by="email")
    code = code_to(web_workspace, MAIL)
    for _ in range(MAX_WRONG_PER_DAY):
        await desk.do_task("/check/code", code="0000 0001")
    assert (await desk.do_task("/check/code", code=code)).status_code == 400


@pytest.mark.hostile
async def test_a_member_is_not_flooded_with_callers_codes(web_workspace, desk):
    await desk.open_unchecked()
    answers = [(await desk.do_task("/check/send", by="sms")).status_code for _ in range(MAX_CODES_PER_DAY + 2)]
    assert answers == [200] * MAX_CODES_PER_DAY + [400] * 2
