"""Caller check: before it only what cannot hurt is open; no answer is shown, guessed or stored."""

import re
from datetime import timedelta

import pytest

from audiences.people.caller_checks import CHECK_LIFETIME, CODE_LIFETIME, MAX_CODES_PER_DAY, MAX_WRONG_PER_DAY
from campaigns.core.model.enums import Choice
from campaigns.core.model.roles import Role
from campaigns.people.desk import caller_identity, changes
from campaigns.store.people import accounts, desk_tickets
from tests.support.contact_links import code_to
from tests.support.desk_session import NAME, DeskSession, allowed_choices, open_desk_session
from tests.support.page_walk import hidden_fields
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO

MAIL, PHONE = f"{AINO}@example.org", "+358401230001"
OTHER = MEMBERS[5]
RIGHT = {
    "answer_birth_date": "1.1.1951",
    "answer_street": "kylätie 1",
    "answer_postal_code": "00370",
    "answer_email": MAIL.upper(),
    "answer_phone": "040 123 0001",
    "answer_purchase_month": "12",
    "answer_purchase_store": "s1",
}
WRONG = dict.fromkeys(RIGHT, "1.2.1903")
LOCKED_FORMS = {
    "contact": ("/contact", {"email": "evil@example.net"}),
    "allow a choice": ("/choices", {"shown": "tracking|off|x", "on": "tracking"}),
    "merge": ("/merge", {"other": OTHER}),
    "death": ("/mark", {"choice": "deceased", "confirmed": "yes"}),
    "access request": ("/file", {"kind": "access"}),
    "erasure request": ("/file", {"kind": "erase"}),
    "correction": ("/file", {"kind": "correct", "words": "x"}),
    "proof again": ("/proof/send", {"field": "email"}),
    "proof by a code": ("/proof/code", {"field": "email", "code": "1234 5678"}),
}


async def opened(desk):
    """Return the page of the member as the session sees it now."""
    return (await desk.page(f"/member/{desk.ticket}")).text


@pytest.mark.hostile
@pytest.mark.parametrize("form", LOCKED_FORMS)
async def test_without_a_check_a_form_is_refused_with_the_next_step(web_workspace, desk, form):
    path, fields = LOCKED_FORMS[form]
    await desk.open_unchecked()
    before = web_workspace.ledger_dump()
    answer = await desk.do_task(path, **fields)
    if form != "allow a choice":  # whose text is not offered here; the next test has the real one
        assert answer.status_code == 403
        assert "needs a check of the caller" in answer.text
        assert "Check the caller" in answer.text
    after = web_workspace.ledger_dump()
    assert {name for name in after if after[name] != before[name]} <= {"agent_session", "desk_ticket"}


@pytest.mark.parametrize("form", sorted(set(LOCKED_FORMS) - {"allow a choice", "proof by a code"}))
async def test_with_a_check_the_same_form_is_open(desk, form):
    path, fields = LOCKED_FORMS[form]
    await desk.open_member()
    assert (await desk.do_task(path, **fields)).status_code == 200


@pytest.mark.hostile
async def test_without_a_check_an_offered_choice_is_not_allowed_and_with_one_it_is(web_workspace, desk):
    page = await desk.open_member()
    shown = re.search(r'name="shown" value="(tracking\|off\|[^"]+)"', page.text)[1]
    web_workspace.clock.time += CHECK_LIFETIME
    answer = await desk.do_task("/choices", shown=shown, on="tracking")
    assert answer.status_code == 403
    assert Choice.TRACKING not in allowed_choices(web_workspace)
    await desk.open_member()
    assert (await desk.do_task("/choices", shown=shown, on="tracking")).status_code == 200
    assert Choice.TRACKING in allowed_choices(web_workspace)


@pytest.mark.hostile
@pytest.mark.parametrize(
    ("path", "role"), [("/unmark", Role.PRIVACY_OFFICER), ("/unmerge", Role.PRIVACY_OFFICER), ("/lines", Role.EXPERT)]
)
async def test_without_a_check_higher_roles_are_refused_as_well(web_workspace, web, path, role):
    session = await open_desk_session(web_workspace, web, role)
    await session.open_unchecked()
    answer = await session.do_task(
        path, choice="deceased", merged=OTHER, store="S1", first="2017-12-01", last="2017-12-30"
    )
    assert answer.status_code == 403
    assert "needs a check of the caller" in answer.text


@pytest.mark.hostile
@pytest.mark.parametrize("role", [Role.DESK, Role.EXPERT, Role.PRIVACY_OFFICER])
async def test_before_the_check_no_page_shows_what_the_caller_should_know(web_workspace, web, role):
    session = await open_desk_session(web_workspace, web, role)
    contact = web_workspace.contact(AINO)
    secrets = [MAIL, PHONE, contact["street"], "1951", "01.01", contact["postal_code"]]
    found = await session.post("/find", typed=AINO, ground="call")
    page = await session.open_unchecked()
    for text in (found.text, page.text, await opened(session)):
        assert contact["first_name"] in text
        assert [secret for secret in secrets if re.search(rf">[^<]*{re.escape(secret)}", text)] == []
        assert "CHEESE" not in text


@pytest.mark.hostile
async def test_an_officer_sees_no_secret_address_before_the_check(web_workspace, officer):
    web_workspace.record_choices(AINO, "address_secret")
    page = await officer.open_unchecked()
    assert web_workspace.contact(AINO)["street"] not in page.text
    assert web_workspace.contact(AINO)["street"] in (await officer.open_member()).text


# what needs no check


async def test_stopping_is_open_without_a_check(web_workspace, desk):
    await desk.open_unchecked()
    for choice in ("email_own", "no_marketing"):
        answer = await desk.do_task("/stop", stop=choice)
    assert "The chosen messages are stopped" in answer.text
    assert Choice.EMAIL_OWN not in allowed_choices(web_workspace)
    assert Choice.NO_MARKETING in allowed_choices(web_workspace)
    assert any("Dina val har ändrats" in text for _, text in web_workspace.notices())


@pytest.mark.parametrize("kind", ["restrict", "object"])
async def test_restriction_and_objection_are_open_without_a_check(web_workspace, desk, kind):
    await desk.open_unchecked()
    assert (await desk.do_task("/file", kind=kind)).status_code == 200
    assert allowed_choices(web_workspace) & {Choice.RESTRICTED, Choice.NO_MARKETING}


async def test_a_secret_address_is_recorded_without_a_check(web_workspace, desk):
    await desk.open_unchecked()
    assert (await desk.do_task("/mark", choice="address_secret")).status_code == 200
    assert Choice.ADDRESS_SECRET in allowed_choices(web_workspace)


@pytest.mark.hostile
@pytest.mark.parametrize("choice", ["deceased", "restricted", "x", "newsletter:none", "email_own\x00"])
async def test_stopping_records_only_offered_choices(web_workspace, desk, choice):
    await desk.open_unchecked()
    assert (await desk.do_task("/stop", stop=choice)).status_code == 400
    assert web_workspace.record() == []


@pytest.mark.hostile
async def test_stopping_never_allows_anything(web_workspace, desk):
    web_workspace.record_choices(AINO, "no_direct_mail")
    web_workspace.clock.advance(minutes=1)
    await desk.open_unchecked()
    for choice in ("no_direct_mail", "tracking"):
        await desk.do_task("/stop", stop=choice)
    assert Choice.NO_DIRECT_MAIL in allowed_choices(web_workspace)
    assert Choice.TRACKING not in allowed_choices(web_workspace)


@pytest.mark.hostile
async def test_stopping_does_not_tell_what_was_chosen_before(web_workspace, desk):
    await desk.open_unchecked()
    assert Choice.EMAIL_OWN in allowed_choices(web_workspace)
    assert Choice.TRACKING not in allowed_choices(web_workspace)
    chosen, other = [(await desk.do_task("/stop", stop=choice)).text for choice in ("email_own", "tracking")]
    assert chosen == other


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
    again = await open_desk_session_again(web_workspace, desk)
    await again.open_unchecked()
    assert "The person is checked" in (await again.do_task("/check/questions", **RIGHT)).text


@pytest.mark.hostile
async def test_another_agents_session_does_not_unlock_a_member(web_workspace, desk):
    await desk.open_unchecked()
    for _ in range(MAX_WRONG_PER_DAY):
        await desk.do_task("/check/questions", **WRONG)
    again = await open_desk_session_again(web_workspace, desk)
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
    pages = [re.findall(r'name="(answer_\w+)"', await opened(desk)) for _ in range(4)]
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


# a document, and how long a check holds


@pytest.mark.hostile
@pytest.mark.parametrize(
    ("ground", "fields"),
    [
        ("call", {"document": "passport"}),
        ("call", {"document": "passport", "source": "desk", "ground": "visit"}),
        ("letter", {"document": "passport"}),
        ("visit", {"document": ""}),
        ("visit", {"document": "library_card"}),
    ],
    ids=["by telephone", "by telephone, with forged fields", "by letter", "no document", "another document"],
)
async def test_a_document_counts_at_the_counter_only(desk, ground, fields):
    await desk.open_unchecked(ground=ground)
    assert (await desk.do_task("/check/document", **fields)).status_code == 400
    assert (await desk.do_task("/contact", email="evil@example.net")).status_code == 403


async def test_a_document_is_audited_by_its_type_alone(desk):
    await desk.open_unchecked(ground="visit")
    await desk.do_task("/check/document", document="passport")
    assert desk.caller_checks() == [{"how": "document", "result": "passed", "document": "passport"}]


@pytest.mark.hostile
async def test_a_check_ends_after_fifteen_minutes(web_workspace, desk):
    await desk.open_member()
    web_workspace.clock.time += CHECK_LIFETIME - timedelta(seconds=1)
    assert (await desk.do_task("/contact", first_name="Aino")).status_code == 200
    web_workspace.clock.time += timedelta(seconds=1)
    assert (await desk.do_task("/contact", first_name="Aina")).status_code == 403


@pytest.mark.hostile
async def test_a_check_is_of_one_member(desk):
    await desk.open_member()
    await desk.open_unchecked(OTHER)
    assert (await desk.do_task("/contact", email="evil@example.net")).status_code == 403


@pytest.mark.hostile
async def test_a_check_is_of_one_session(web_workspace, desk):
    await desk.open_member()
    again = await open_desk_session_again(web_workspace, desk)
    await again.open_unchecked()
    assert (await again.do_task("/contact", email="evil@example.net")).status_code == 403


@pytest.mark.hostile
@pytest.mark.parametrize("path", ["/check/questions", "/check/send", "/check/code", "/check/document", "/stop"])
async def test_a_check_needs_the_ticket_of_the_look_up(web_workspace, desk, path):
    await desk.open_unchecked(ground="visit")
    before = web_workspace.ledger_dump()
    forged = desk.ticket[::-1]
    answer = await desk.do_task(path, ticket=forged, by="email", document="passport", stop="email_own", **RIGHT)
    assert answer.status_code == 403
    after = web_workspace.ledger_dump()
    assert {name for name in after if after[name] != before[name]} <= {"agent_session", "desk_ticket"}


async def open_desk_session_again(web_workspace, desk):
    """Open another session of the same account."""
    with web_workspace.engine.context.ledger.write() as connection:
        secret = accounts.open_session(connection, NAME, web_workspace.clock.time)
    desk.web.cookies.set("viesti-desk", secret)
    page = await desk.web.get("/desk?lang=en")
    return DeskSession(web_workspace, desk.web, hidden_fields(page.text)["proof"][0])
