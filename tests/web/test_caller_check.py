"""Caller check: before it only what cannot hurt is open, and it holds for one member, one session and 15 minutes."""

import re
from datetime import timedelta

import pytest

from audiences.people.caller_checks import CHECK_LIFETIME
from campaigns.core.model.enums import Choice
from campaigns.core.model.roles import Role
from tests.support.caller_answers import RIGHT
from tests.support.desk_session import NAME, allowed_choices, open_another_session, open_desk_session
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO, MAIL, PHONE

OTHER = MEMBERS[5]
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
    for text in (found.text, page.text, await session.member_text()):
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
    again = await open_another_session(web_workspace, desk.web, NAME)
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
