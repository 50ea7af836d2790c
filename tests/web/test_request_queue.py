"""Request queue at the desk: list, extend, close, export, erase, notify processors (GD-07, GD-12, GD-14)."""

import pytest
from sqlalchemy import update

from audiences.consent.consent_state import ConsentSource
from campaigns.core.model.enums import Choice
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.core.model.roles import Role
from campaigns.people.privacy import processors, requests
from campaigns.store.runs.run_tables import DELIVERY
from tests.support.desk_session import NAME, allowed_choices, open_desk_session
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO

OTHER = MEMBERS[5]


def file_request(web_workspace, kind, member=AINO, words=""):
    return requests.file(web_workspace.engine.context, member, kind, ConsentSource.WEB, words).number


async def test_gd07_the_queue_shows_the_most_urgent_request_first_and_is_audited(web_workspace, web):
    file_request(web_workspace, RequestKind.CORRECT, words="<script>alert(1)</script>")
    web_workspace.clock.advance(days=35)
    officer = await open_desk_session(web_workspace, web, Role.PRIVACY_OFFICER)
    file_request(web_workspace, RequestKind.ERASE, OTHER)
    page = await officer.post("/requests")
    assert page.text.index(f"Correction of the data · {AINO}") < page.text.index(f"Erasure of the data · {OTHER}")
    assert "late" in page.text
    assert "<script>" not in page.text
    assert officer.audit_notes()[-1][1] == "list_requests"


async def test_gd07_a_request_is_extended_and_closed_with_reasons(web_workspace, officer):
    number = file_request(web_workspace, RequestKind.ACCESS)
    assert (await officer.post("/requests/later", number=number, because=" ")).status_code == 400
    assert "Put off: Arkisto" in (await officer.post("/requests/later", number=number, because="Arkisto")).text
    assert (await officer.post("/requests/later", number=number, because="Taas")).status_code == 400
    assert (await officer.post("/requests/close", number=number, ending="refused", because="")).status_code == 400
    assert "Nothing waits" in (await officer.post("/requests/close", number=number, ending="done")).text
    assert (await officer.post("/requests/close", number=number, ending="done")).status_code == 400
    assert [row[1] for row in officer.audit_notes()] == ["put_off_request", "close_request"]


@pytest.mark.parametrize(("form", "prefix"), [("json", b"{"), ("csv", b"PK"), ("html", b"<!doctype html>")])
async def test_gd10_the_export_is_downloaded_from_its_access_request_and_audited(web_workspace, officer, form, prefix):
    number = file_request(web_workspace, RequestKind.ACCESS)
    answer = await officer.post("/requests/copy", number=number, form=form)
    assert answer.content.startswith(prefix)
    assert "attachment" in answer.headers["content-disposition"]
    actor, action, _, detail = officer.audit_notes()[-1]
    assert (actor, action, detail) == (NAME, "export", {"form": form})


async def test_an_export_needs_an_access_request_and_a_known_format(web_workspace, officer):
    access_request = file_request(web_workspace, RequestKind.ACCESS)
    assert (await officer.post("/requests/copy", number=access_request, form="xml")).status_code == 400
    erasure_request = file_request(web_workspace, RequestKind.ERASE)
    assert (await officer.post("/requests/copy", number=erasure_request, form="json")).status_code == 400
    assert [row[1] for row in officer.audit_notes()] == []


async def test_an_export_needs_the_permission_to_answer_requests(web_workspace, web):
    access_request = file_request(web_workspace, RequestKind.ACCESS)
    desk = await open_desk_session(web_workspace, web, Role.DESK, Role.EXPERT)
    assert (await desk.post("/requests/copy", number=access_request, form="json")).status_code == 403


@pytest.mark.parametrize("number", ["", "x", "-1", "1e3", "9" * 40, "٣", "404"])
async def test_an_invalid_request_number_is_refused(officer, number):
    for path in ("/requests/later", "/requests/close", "/requests/erase"):
        assert (await officer.post(path, number=number, ending="done", because="x")).status_code == 400


async def test_gd12_an_erasure_needs_confirmation_and_is_notified_once(web_workspace, officer):
    number = file_request(web_workspace, RequestKind.ERASE)
    confirmation = await officer.post("/requests/erase", number=number)
    assert "Erase everything?" in confirmation.text
    assert web_workspace.contact(AINO)
    done = await officer.post("/requests/erase", number=number, confirmed="yes")
    assert "erased" in done.text
    assert "Nothing waits" in done.text
    assert "<li>Our last message to you: our copy is deleted by 1 Feb 2018.</li>" in done.text
    assert AINO not in {row[0] for row in web_workspace.ledger_dump()["contact"]}
    assert AINO not in str(web_workspace.ledger_dump()["request"])
    assert [to for to, _ in web_workspace.notices()] == [f"{AINO}@example.org"]
    assert officer.audit_notes()[-1][1] == "erase"


async def test_an_erasure_needs_an_erasure_request(web_workspace, officer):
    number = file_request(web_workspace, RequestKind.ACCESS)
    assert (await officer.post("/requests/erase", number=number, confirmed="yes")).status_code == 400
    assert web_workspace.contact(AINO)


@pytest.mark.parametrize(("kind", "choice"), [("restrict", Choice.RESTRICTED), ("object", Choice.NO_MARKETING)])
async def test_gd13_gd16_rights_filed_at_the_desk_take_effect_at_once_and_are_confirmed(
    web_workspace, web, kind, choice
):
    desk = await open_desk_session(web_workspace, web, Role.DESK)
    await desk.open_member(ground="visit")
    assert "The request is filed" in (await desk.do_task("/file", kind=kind)).text
    assert choice in allowed_choices(web_workspace)
    (entry,) = web_workspace.record()
    assert (entry.agent, entry.source) == ("helmi", ConsentSource.DESK)
    assert len(web_workspace.notices()) == 1
    run = web_workspace.run("offers")
    web_workspace.send(run)
    assert web_workspace.end_states(run)[AINO][0] == "withdrawn"


@pytest.mark.parametrize("kind", ["", "everything", "access,erase"])
async def test_unknown_request_kinds_are_not_filed(web_workspace, web, kind):
    desk = await open_desk_session(web_workspace, web, Role.DESK)
    await desk.open_member()
    assert (await desk.do_task("/file", kind=kind)).status_code == 400
    assert web_workspace.ledger_dump()["request"] == []


async def test_gd14_open_processor_tasks_are_listed_with_messages_and_answered_once(web_workspace, officer):
    run = web_workspace.run("texts")
    web_workspace.send(run)
    with web_workspace.engine.context.ledger.write() as connection:
        delivery_values = {"provider": "twilio", "provider_ref": "SM1"}
        connection.execute(update(DELIVERY).where(DELIVERY.c.run_number == run.number).values(**delivery_values))
    number = file_request(web_workspace, RequestKind.ERASE)
    page = await officer.post("/requests/erase", number=number, confirmed="yes")
    assert "Processors to be told" in page.text
    assert all(text in page.text for text in ("Twilio", "SM1", run.run_id))
    assert AINO not in page.text
    (task,) = (task.number for task in processors.open_tasks(web_workspace.engine.context))
    assert (await officer.post("/requests/told", number=task, answer="yes")).status_code == 400
    answer = await officer.post("/requests/told", number=task, answer="done")
    assert "The answer is written down" in answer.text
    assert "Nothing waits" in answer.text
    assert (await officer.post("/requests/told", number=task, answer="done")).status_code == 400
    assert officer.audit_notes()[-1][1] == "tell_processor"


async def test_gd14_processor_answers_need_the_permission_to_answer_requests(web_workspace, web):
    desk = await open_desk_session(web_workspace, web, Role.DESK)
    assert (await desk.post("/requests/told", number=1, answer="done")).status_code == 403
