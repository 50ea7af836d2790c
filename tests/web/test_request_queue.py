"""The queue of requests at the desk: seen, put off, closed, a member erased, processors told (GD-07, GD-12, GD-14)."""

import pytest
from sqlalchemy import update

from audiences.consent.consent_state import ConsentSource
from campaigns.core.model.enums import Choice
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.core.model.roles import Role
from campaigns.people.privacy import processors, requests
from campaigns.store.runs.run_tables import DELIVERY
from tests.support.desk_session import NAME, at_desk, on
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO

OTHER = MEMBERS[5]


def filed(town, kind, member=AINO, words=""):
    return requests.file(town.engine, member, kind, ConsentSource.WEB, words).number


async def test_gd07_the_queue_shows_the_most_urgent_first_and_that_is_noted(town, web):
    filed(town, RequestKind.CORRECT, words="<script>alert(1)</script>")
    town.hands.go(days=35)
    officer = await at_desk(town, web, Role.PRIVACY_OFFICER)
    filed(town, RequestKind.ERASE, OTHER)
    page = await officer.post("/requests")
    assert page.text.index(f"Correction of the data · {AINO}") < page.text.index(f"Erasure of the data · {OTHER}")
    assert "late" in page.text
    assert "<script>" not in page.text
    assert officer.noted()[-1][1] == "list_requests"


async def test_gd07_a_request_is_put_off_and_closed_with_reasons(town, officer):
    number = filed(town, RequestKind.ACCESS)
    assert (await officer.post("/requests/later", number=number, because=" ")).status_code == 400
    assert "Put off: Arkisto" in (await officer.post("/requests/later", number=number, because="Arkisto")).text
    assert (await officer.post("/requests/later", number=number, because="Taas")).status_code == 400
    assert (await officer.post("/requests/close", number=number, ending="refused", because="")).status_code == 400
    assert "Nothing waits" in (await officer.post("/requests/close", number=number, ending="done")).text
    assert (await officer.post("/requests/close", number=number, ending="done")).status_code == 400
    assert [row[1] for row in officer.noted()] == ["put_off_request", "close_request"]


@pytest.mark.parametrize(("form", "begins"), [("json", b"{"), ("csv", b"PK"), ("html", b"<!doctype html>")])
async def test_gd10_the_copy_that_was_asked_for_is_fetched_from_its_request_and_that_is_noted(
    town, officer, form, begins
):
    number = filed(town, RequestKind.ACCESS)
    fetched = await officer.post("/requests/copy", number=number, form=form)
    assert fetched.content.startswith(begins)
    assert "attachment" in fetched.headers["content-disposition"]
    actor, action, _, detail = officer.noted()[-1]
    assert (actor, action, detail) == (NAME, "export", {"form": form})


async def test_a_copy_is_handed_out_to_whom_asked_for_one(town, officer):
    asked = filed(town, RequestKind.ACCESS)
    assert (await officer.post("/requests/copy", number=asked, form="xml")).status_code == 400
    other = filed(town, RequestKind.ERASE)
    assert (await officer.post("/requests/copy", number=other, form="json")).status_code == 400
    assert [row[1] for row in officer.noted()] == []


async def test_a_copy_is_handed_out_by_who_answers_requests(town, web):
    asked = filed(town, RequestKind.ACCESS)
    others = await at_desk(town, web, Role.DESK, Role.EXPERT)
    assert (await others.post("/requests/copy", number=asked, form="json")).status_code == 403


@pytest.mark.parametrize("number", ["", "x", "-1", "1e3", "9" * 40, "٣", "404"])
async def test_a_number_that_is_none_is_refused(officer, number):
    for path in ("/requests/later", "/requests/close", "/requests/erase"):
        assert (await officer.post(path, number=number, ending="done", because="x")).status_code == 400


async def test_gd12_a_member_is_erased_when_it_is_confirmed_and_told_once(town, officer):
    number = filed(town, RequestKind.ERASE)
    asked = await officer.post("/requests/erase", number=number)
    assert "Erase everything?" in asked.text
    assert town.contact(AINO)
    done = await officer.post("/requests/erase", number=number, confirmed="yes")
    assert "erased" in done.text
    assert "Nothing waits" in done.text
    assert AINO not in {row[0] for row in town.everything()["contact"]}
    assert AINO not in str(town.everything()["request"])
    assert [to for to, _ in town.notes()] == [f"{AINO}@example.org"]
    assert officer.noted()[-1][1] == "erase"


async def test_only_who_asked_for_erasure_is_erased(town, officer):
    number = filed(town, RequestKind.ACCESS)
    assert (await officer.post("/requests/erase", number=number, confirmed="yes")).status_code == 400
    assert town.contact(AINO)


@pytest.mark.parametrize(("kind", "choice"), [("restrict", Choice.RESTRICTED), ("object", Choice.NO_MARKETING)])
async def test_gd13_gd16_what_the_desk_files_holds_at_once_and_is_confirmed(town, web, kind, choice):
    desk = await at_desk(town, web, Role.DESK)
    await desk.opens()
    assert "The request is filed" in (await desk.does("/file", kind=kind, source="desk")).text
    assert choice in on(town)
    (entry,) = town.record()
    assert (entry.agent, entry.source) == ("helmi", ConsentSource.DESK)
    assert len(town.notes()) == 1
    run = town.run("offers")
    town.send(run)
    assert town.ends(run)[AINO][0] == "withdrawn"


@pytest.mark.parametrize("kind", ["", "everything", "access,erase"])
async def test_what_is_no_right_is_not_filed(town, web, kind):
    desk = await at_desk(town, web, Role.DESK)
    await desk.opens()
    assert (await desk.does("/file", kind=kind)).status_code == 400
    assert town.everything()["request"] == []


async def test_gd14_processors_to_be_told_are_listed_with_their_messages_and_their_answer_is_kept(town, officer):
    run = town.run("texts")
    town.send(run)
    with town.engine.ledger.write() as connection:
        carried = {"provider": "twilio", "provider_ref": "SM1"}
        connection.execute(update(DELIVERY).where(DELIVERY.c.run_number == run.number).values(**carried))
    number = filed(town, RequestKind.ERASE)
    page = await officer.post("/requests/erase", number=number, confirmed="yes")
    assert "Processors to be told" in page.text
    assert all(said in page.text for said in ("Twilio", "SM1", run.run_id))
    assert AINO not in page.text
    (task,) = (each.number for each in processors.open_tasks(town.engine))
    assert (await officer.post("/requests/told", number=task, answer="yes")).status_code == 400
    told = await officer.post("/requests/told", number=task, answer="done")
    assert "The answer is written down" in told.text
    assert "Nothing waits" in told.text
    assert (await officer.post("/requests/told", number=task, answer="done")).status_code == 400
    assert officer.noted()[-1][1] == "tell_processor"


async def test_gd14_processors_are_told_by_who_answers_requests(town, web):
    desk = await at_desk(town, web, Role.DESK)
    assert (await desk.post("/requests/told", number=1, answer="done")).status_code == 403
