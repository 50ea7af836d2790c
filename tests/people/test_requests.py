"""Requests: due dates, what takes effect at once, and what is left when a member goes (GD-07, GD-13, GD-16)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from audiences.consent.consent_state import ConsentSource
from campaigns.core.errors import UserError
from campaigns.core.model.enums import Choice, Language
from campaigns.core.model.privacy_rights import RequestKind, RequestOutcome, due_date
from campaigns.people.desk import changes
from campaigns.people.privacy import erasure, requests
from campaigns.store.people import privacy_requests as kept
from campaigns.store.runs.run_tables import NOTICE
from tests.support.sample_workspace import MEMBERS, SampleWorkspace

EVERYBODY = "purpose: marketing\nschedule: {at: '2018-01-05 10:30'}\naudience: {register: [owners, customers]}\n"
AINO = MEMBERS[0]


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.sampled_from([1, 3]))
def test_gd07_a_due_date_is_the_same_day_of_a_later_month_or_its_last(filed, months):
    last = due_date(filed, months)
    assert (last.year * 12 + last.month) - (filed.year * 12 + filed.month) == months
    assert last.day == filed.day or (last.day < filed.day and (last + timedelta(days=1)).day == 1)


@pytest.mark.parametrize(("filed", "last"), [("2018-01-31", "2018-02-28"), ("2017-12-31", "2018-01-31")])
def test_gd07_a_month_that_is_shorter_ends_on_its_last_day(filed, last):
    assert due_date(date.fromisoformat(filed)) == date.fromisoformat(last)


def test_fi06_gd07_a_request_is_filed_once_and_due_in_a_month(workspace: SampleWorkspace):
    first = requests.file(workspace.engine, AINO, RequestKind.ACCESS, ConsentSource.WEB)
    again = requests.file(workspace.engine, AINO, RequestKind.ACCESS, ConsentSource.PHONE)
    assert (first.number, first.due_on, first.filed_by) == (again.number, date(2018, 2, 1), "member")


def test_every_correction_is_a_request_of_its_own(workspace: SampleWorkspace):
    for words in ("Nimi on Aino", "Katu on Koivutie"):
        requests.file(workspace.engine, AINO, RequestKind.CORRECT, ConsentSource.DESK, words)
    assert [each.words for each in requests.list_open(workspace.engine)] == ["Nimi on Aino", "Katu on Koivutie"]


def test_the_most_urgent_stands_first(workspace: SampleWorkspace):
    requests.file(workspace.engine, MEMBERS[1], RequestKind.ERASE, ConsentSource.WEB)
    workspace.clock.advance(days=3)
    late = requests.file(workspace.engine, AINO, RequestKind.ACCESS, ConsentSource.WEB)
    early = requests.list_open(workspace.engine)[0]
    assert early.member_id == MEMBERS[1]
    requests.extend(workspace.engine, early.number or 0, "Arkistosta haetaan")
    assert requests.list_open(workspace.engine)[0].number == late.number


def test_gd07_a_request_is_put_off_once_with_a_reason_and_before_it_is_due(workspace: SampleWorkspace):
    number = requests.file(workspace.engine, AINO, RequestKind.ACCESS, ConsentSource.WEB).number or 0
    with pytest.raises(UserError, match="needs a reason"):
        requests.extend(workspace.engine, number, "  ")
    assert requests.extend(workspace.engine, number, "Kolme rekisteriä").due_on == date(2018, 4, 1)
    with pytest.raises(UserError, match="put off once"):
        requests.extend(workspace.engine, number, "Vielä")
    late = requests.file(workspace.engine, AINO, RequestKind.ERASE, ConsentSource.WEB).number or 0
    workspace.clock.advance(days=40)
    with pytest.raises(UserError, match="put off once"):
        requests.extend(workspace.engine, late, "Myöhässä")


def test_a_request_is_closed_once_and_refused_with_a_reason(workspace: SampleWorkspace):
    number = requests.file(workspace.engine, AINO, RequestKind.ERASE, ConsentSource.WEB).number or 0
    with pytest.raises(UserError, match="needs a reason"):
        requests.close(workspace.engine, number, RequestOutcome.REFUSED)
    closed = requests.close(workspace.engine, number, RequestOutcome.REFUSED, "Laki vaatii säilyttämään")
    assert (closed.outcome, closed.closed_by) == ("refused", "tester")
    with pytest.raises(UserError, match="closed before"):
        requests.close(workspace.engine, number, RequestOutcome.DONE)
    assert requests.list_open(workspace.engine) == []


@pytest.mark.parametrize("kind", [RequestKind.RESTRICT, RequestKind.OBJECT])
def test_gd13_gd16_whom_it_concerns_is_in_no_selection_from_that_moment(workspace: SampleWorkspace, kind: RequestKind):
    audience = workspace.root / "config" / "audiences" / "coffee.yaml"
    audience.write_text(
        "title: {fi: Kahvi, sv: Kaffe, en: Coffee}\nmatch: {bought: {where: {product_category: COFFEE}}}\n"
    )
    asked = workspace.engine.question("coffee", workspace.clock.time)
    before = workspace.engine.count(asked, Language.EN)  # keeps totals of purchases, theirs among them
    requests.file(workspace.engine, AINO, kind, ConsentSource.DESK)
    after = workspace.engine.count(asked, Language.EN)
    assert (after.matched, after.not_processed) == (before.matched - 1, before.not_processed + 1)
    workspace.write_campaign("all", EVERYBODY + "channels: [email]\ncontent: {email: hello}\n")
    draft, _ = workspace.engine.library.campaign_definition("all")
    assert not workspace.engine.explain(
        draft, AINO, workspace.clock.time, workspace.engine.library.settings.default_language
    ).processed
    run, _ = workspace.plan("all")
    assert AINO not in workspace.decisions(run)


def test_gd13_a_member_is_told_of_a_restriction_that_ends_and_nobody_of_a_death(workspace: SampleWorkspace):
    for choice, on in ((Choice.DECEASED, True), (Choice.DECEASED, False), (Choice.RESTRICTED, False)):
        changes.mark(workspace.engine, AINO, choice, ConsentSource.PHONE, on=on)
    with workspace.engine.ledger.read() as connection:
        [note] = connection.execute(select(NOTICE)).mappings()
    assert (note["member_id"], note["kind"], note["about"]) == (AINO, "choices", {"choices": [["restricted", False]]})


def test_gd13_what_was_planned_before_a_restriction_is_withdrawn(workspace: SampleWorkspace):
    run = workspace.start("all", EVERYBODY + "channels: [email]\ncontent: {email: hello}\n")
    requests.file(workspace.engine, AINO, RequestKind.RESTRICT, ConsentSource.PHONE)
    workspace.send(run)
    assert workspace.end_states(run)[AINO][0] == "withdrawn"


def test_gd12_an_erased_member_leaves_that_they_asked_and_not_what_they_wrote(workspace: SampleWorkspace):
    requests.file(workspace.engine, AINO, RequestKind.CORRECT, ConsentSource.WEB, "Aino Mäki, Kylätie 1")
    erasure.erase(workspace.engine, AINO)
    with workspace.engine.ledger.read() as connection:
        assert kept.list_for_member(connection, AINO) == []
    assert requests.list_open(workspace.engine) == []


def test_c12_the_requests_of_a_duplicate_go_over(workspace: SampleWorkspace):
    filed = requests.file(workspace.engine, MEMBERS[1], RequestKind.ACCESS, ConsentSource.WEB)
    erasure.merge(workspace.engine, MEMBERS[1], AINO)
    (waiting,) = requests.list_open(workspace.engine)
    assert (waiting.number, waiting.member_id) == (filed.number, AINO)


def test_nobody_files_for_a_member_who_is_not_there(workspace: SampleWorkspace):
    with pytest.raises(UserError, match="no member"):
        requests.file(workspace.engine, "m99", RequestKind.ERASE, ConsentSource.WEB)


def _notes(workspace: SampleWorkspace) -> list[tuple[str, str, dict[str, str]]]:
    with workspace.engine.ledger.read() as connection:
        rows = connection.execute(select(NOTICE.c.kind, NOTICE.c.member_id, NOTICE.c.about).order_by(NOTICE.c.number))
        return [(kind, member, about) for kind, member, about in rows]


def test_gd07_who_has_to_wait_or_is_refused_is_told_why_and_until_when(workspace: SampleWorkspace):
    number = requests.file(workspace.engine, AINO, RequestKind.ACCESS, ConsentSource.WEB).number or 0
    requests.extend(workspace.engine, number, "Arkistosta haetaan")
    requests.close(workspace.engine, number, RequestOutcome.REFUSED, "Sama pyyntö viikko sitten")
    assert _notes(workspace)[1:] == [
        ("put_off", AINO, {"request": "access", "due": "2018-04-01", "because": "Arkistosta haetaan"}),
        ("refused", AINO, {"request": "access", "because": "Sama pyyntö viikko sitten"}),
    ]


@pytest.mark.parametrize("kind", [RequestKind.RESTRICT, RequestKind.OBJECT, RequestKind.CORRECT])
def test_gd07_that_it_was_done_is_told_where_nothing_else_shows_it(workspace: SampleWorkspace, kind: RequestKind):
    number = requests.file(workspace.engine, AINO, kind, ConsentSource.WEB).number or 0
    requests.close(workspace.engine, number, RequestOutcome.DONE)
    assert _notes(workspace)[1:] == [("done", AINO, {"request": kind.value})]


def test_gd12_an_erasure_is_not_closed_as_done_before_it_is(workspace: SampleWorkspace):
    number = requests.file(workspace.engine, AINO, RequestKind.ERASE, ConsentSource.WEB).number or 0
    with pytest.raises(UserError, match="when the member is erased"):
        requests.close(workspace.engine, number, RequestOutcome.DONE)
    assert [each.number for each in requests.list_open(workspace.engine)] == [number]


def test_a_copy_that_was_handed_out_or_what_is_taken_back_needs_no_word(workspace: SampleWorkspace):
    for ending in (RequestOutcome.DONE, RequestOutcome.WITHDRAWN):
        number = requests.file(workspace.engine, AINO, RequestKind.ACCESS, ConsentSource.WEB).number or 0
        requests.close(workspace.engine, number, ending)
    assert {kind for kind, *_ in _notes(workspace)} == {"request"}
