"""Privacy requests: due dates, immediate effects, notices, erasure and merge (GD-07, GD-13, GD-16)."""

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
from campaigns.people.privacy import erasure, merging, requests
from campaigns.store.people import privacy_requests
from campaigns.store.people.people_tables import AUDIT, NOTICE
from tests.support.sample_workspace import MEMBERS, SampleWorkspace

EVERYBODY = "purpose: marketing\nschedule: {at: '2018-01-05 10:30'}\naudience: {register: [owners, customers]}\n"
AINO = MEMBERS[0]


def notices_of(workspace: SampleWorkspace, kind: str) -> list[object]:
    """Return the details of all notices of a kind, oldest first."""
    with workspace.engine.context.ledger.read() as connection:
        query = select(NOTICE.c.about).where(NOTICE.c.kind == kind).order_by(NOTICE.c.number)
        return list(connection.execute(query).scalars())


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.sampled_from([1, 3]))
def test_gd07_a_due_date_is_the_same_day_of_a_later_month_or_its_last_day(filed, months):
    last = due_date(filed, months)
    assert (last.year * 12 + last.month) - (filed.year * 12 + filed.month) == months
    assert last.day == filed.day or (last.day < filed.day and (last + timedelta(days=1)).day == 1)


@pytest.mark.parametrize(("filed", "last"), [("2018-01-31", "2018-02-28"), ("2017-12-31", "2018-01-31")])
def test_gd07_a_due_date_in_a_shorter_month_is_its_last_day(filed, last):
    assert due_date(date.fromisoformat(filed)) == date.fromisoformat(last)


def test_fi06_gd07_a_request_is_filed_once_and_due_in_a_month(workspace: SampleWorkspace):
    first = requests.file(workspace.engine.context, AINO, RequestKind.ACCESS, ConsentSource.WEB)
    again = requests.file(workspace.engine.context, AINO, RequestKind.ACCESS, ConsentSource.PHONE)
    assert (first.number, first.due_on, first.filed_by) == (again.number, date(2018, 2, 1), "member")


@pytest.mark.hostile
def test_gd11_forty_corrections_of_a_member_are_one_row_of_the_queue_and_lose_no_text(workspace: SampleWorkspace):
    for number in range(40):
        requests.file(
            workspace.engine.context, AINO, RequestKind.CORRECT, ConsentSource.WEB, f"Katu on Koivutie {number}."
        )
        workspace.clock.advance(minutes=1)
    (request,) = requests.list_open(workspace.engine.context)
    assert [f"Koivutie {number}." in request.words for number in range(40)] == [True] * 40
    assert request.words.splitlines()[0].endswith("Katu on Koivutie 39.")
    assert len(notices_of(workspace, "request")) == 1


@pytest.mark.hostile
def test_gd11_the_same_correction_sent_again_is_stored_once(workspace: SampleWorkspace):
    for _ in range(3):
        requests.file(workspace.engine.context, AINO, RequestKind.CORRECT, ConsentSource.WEB, "Nimi on Aino")
    (request,) = requests.list_open(workspace.engine.context)
    assert request.words == "Nimi on Aino"


@pytest.mark.hostile
def test_gd11_corrections_beyond_the_limit_are_refused_and_the_texts_before_are_kept(workspace: SampleWorkspace):
    texts = [f"{number}{'x' * 1_900}" for number in range(40)]
    for text in texts[:5]:
        requests.file(workspace.engine.context, AINO, RequestKind.CORRECT, ConsentSource.WEB, text)
    for text in texts[5:]:
        with pytest.raises(UserError) as error:
            requests.file(workspace.engine.context, AINO, RequestKind.CORRECT, ConsentSource.WEB, text)
        assert error.value.problems[0].code == "long_request"
    (request,) = requests.list_open(workspace.engine.context)
    assert len(request.words) <= requests.MAX_COLLECTED_LENGTH
    assert all(text in request.words for text in texts[:5])


@pytest.mark.hostile
def test_gd11_a_correction_that_is_a_part_of_an_earlier_one_is_kept(workspace: SampleWorkspace):
    for text in ("Katu on Koivutie 30", "Katu on Koivutie 3"):
        requests.file(workspace.engine.context, AINO, RequestKind.CORRECT, ConsentSource.WEB, text)
    (request,) = requests.list_open(workspace.engine.context)
    assert request.words == "2018-01-01: Katu on Koivutie 3\n\nKatu on Koivutie 30"


def test_gd07_a_correction_keeps_the_due_date_of_the_first_and_a_closed_one_begins_anew(workspace: SampleWorkspace):
    first = requests.file(workspace.engine.context, AINO, RequestKind.CORRECT, ConsentSource.WEB, "Nimi on Aino")
    workspace.clock.advance(days=3)
    again = requests.file(workspace.engine.context, AINO, RequestKind.CORRECT, ConsentSource.WEB, "Katu on Koivutie")
    assert (again.number, again.due_on) == (first.number, first.due_on)
    requests.close(workspace.engine.context, first.number or 0, RequestOutcome.DONE)
    third = requests.file(workspace.engine.context, AINO, RequestKind.CORRECT, ConsentSource.WEB, "Nimi on Aino")
    assert (third.number != first.number, third.words) == (True, "Nimi on Aino")


@pytest.mark.hostile
def test_gd11_a_correction_never_joins_the_request_of_another_member(workspace: SampleWorkspace):
    requests.file(workspace.engine.context, AINO, RequestKind.CORRECT, ConsentSource.WEB, "Nimi on Aino")
    requests.file(workspace.engine.context, MEMBERS[1], RequestKind.CORRECT, ConsentSource.WEB, "Nimi on Eino")
    assert {(row.member_id, row.words) for row in requests.list_open(workspace.engine.context)} == {
        (AINO, "Nimi on Aino"),
        (MEMBERS[1], "Nimi on Eino"),
    }


def test_gd13_a_member_lifts_a_restriction_and_it_is_recorded_and_confirmed(workspace: SampleWorkspace):
    requests.file(workspace.engine.context, AINO, RequestKind.RESTRICT, ConsentSource.WEB)
    workspace.clock.advance(minutes=5)
    assert requests.lift_restriction(workspace.engine.context, AINO)
    assert workspace.contact(AINO)["restricted"] is False
    assert requests.list_open(workspace.engine.context) == []
    assert notices_of(workspace, "choices")[-1] == {"choices": [["restricted", False]]}
    with workspace.engine.context.ledger.read() as connection:
        (closed,) = privacy_requests.list_for_member(connection, AINO)
        actions = connection.execute(select(AUDIT.c.actor, AUDIT.c.action)).all()
    assert (closed.outcome, closed.closed_by) == ("withdrawn", "member")
    assert ("member", "lift_restriction") in [tuple(row) for row in actions]


@pytest.mark.hostile
def test_gd13_lifting_what_does_not_hold_records_nothing(workspace: SampleWorkspace):
    assert not requests.lift_restriction(workspace.engine.context, AINO)
    assert notices_of(workspace, "choices") == []


def test_open_requests_are_listed_by_due_date(workspace: SampleWorkspace):
    requests.file(workspace.engine.context, MEMBERS[1], RequestKind.ERASE, ConsentSource.WEB)
    workspace.clock.advance(days=3)
    access = requests.file(workspace.engine.context, AINO, RequestKind.ACCESS, ConsentSource.WEB)
    erasure_request = requests.list_open(workspace.engine.context)[0]
    assert erasure_request.member_id == MEMBERS[1]
    requests.extend(workspace.engine.context, erasure_request.number or 0, "Arkistosta haetaan")
    assert requests.list_open(workspace.engine.context)[0].number == access.number


def test_gd07_a_request_is_extended_once_with_a_reason_and_before_it_is_due(workspace: SampleWorkspace):
    number = requests.file(workspace.engine.context, AINO, RequestKind.ACCESS, ConsentSource.WEB).number or 0
    with pytest.raises(UserError, match="needs a reason"):
        requests.extend(workspace.engine.context, number, "  ")
    assert requests.extend(workspace.engine.context, number, "Kolme rekisteriä").due_on == date(2018, 4, 1)
    with pytest.raises(UserError, match="put off once"):
        requests.extend(workspace.engine.context, number, "Vielä")
    late = requests.file(workspace.engine.context, AINO, RequestKind.ERASE, ConsentSource.WEB).number or 0
    workspace.clock.advance(days=40)
    with pytest.raises(UserError, match="put off once"):
        requests.extend(workspace.engine.context, late, "Myöhässä")


def test_a_request_is_closed_once_and_a_refusal_needs_a_reason(workspace: SampleWorkspace):
    number = requests.file(workspace.engine.context, AINO, RequestKind.ERASE, ConsentSource.WEB).number or 0
    with pytest.raises(UserError, match="needs a reason"):
        requests.close(workspace.engine.context, number, RequestOutcome.REFUSED)
    closed = requests.close(workspace.engine.context, number, RequestOutcome.REFUSED, "Laki vaatii säilyttämään")
    assert (closed.outcome, closed.closed_by) == ("refused", "tester")
    with pytest.raises(UserError, match="closed before"):
        requests.close(workspace.engine.context, number, RequestOutcome.DONE)
    assert requests.list_open(workspace.engine.context) == []


@pytest.mark.parametrize("kind", [RequestKind.RESTRICT, RequestKind.OBJECT])
def test_gd13_gd16_restriction_and_objection_exclude_a_member_from_selections_at_once(
    workspace: SampleWorkspace, kind: RequestKind
):
    audience = workspace.root / "config" / "audiences" / "coffee.yaml"
    audience.write_text(
        "title: {fi: Kahvi, sv: Kaffe, en: Coffee}\nmatch: {bought: {where: {product_category: COFFEE}}}\n"
    )
    question = workspace.engine.queries.count_query("coffee", workspace.clock.time)
    before = workspace.engine.queries.count(question, Language.EN)  # caches totals of purchases, the member's included
    requests.file(workspace.engine.context, AINO, kind, ConsentSource.DESK)
    after = workspace.engine.queries.count(question, Language.EN)
    assert (after.matched, after.not_processed) == (before.matched - 1, before.not_processed + 1)
    workspace.write_campaign("all", EVERYBODY + "channels: [email]\ncontent: {email: hello}\n")
    definition, _ = workspace.engine.context.repository.campaign_definition("all")
    assert not workspace.engine.queries.explain(
        definition, AINO, workspace.clock.time, workspace.engine.context.repository.settings.default_language
    ).processed
    run, _ = workspace.plan("all")
    assert AINO not in workspace.decisions(run)


def test_gd13_the_end_of_a_restriction_is_notified_and_a_death_is_not(workspace: SampleWorkspace):
    for choice, on in ((Choice.DECEASED, True), (Choice.DECEASED, False), (Choice.RESTRICTED, False)):
        changes.mark(workspace.engine.context, AINO, choice, ConsentSource.PHONE, on=on)
    with workspace.engine.context.ledger.read() as connection:
        [notice] = connection.execute(select(NOTICE)).mappings()
    assert (notice["member_id"], notice["kind"], notice["about"]) == (
        AINO,
        "choices",
        {"choices": [["restricted", False]]},
    )


def test_gd13_deliveries_planned_before_a_restriction_are_withdrawn(workspace: SampleWorkspace):
    run = workspace.start("all", EVERYBODY + "channels: [email]\ncontent: {email: hello}\n")
    requests.file(workspace.engine.context, AINO, RequestKind.RESTRICT, ConsentSource.PHONE)
    workspace.send(run)
    assert workspace.end_states(run)[AINO][0] == "withdrawn"


def test_gd12_an_erasure_closes_and_anonymises_the_members_requests(workspace: SampleWorkspace):
    requests.file(workspace.engine.context, AINO, RequestKind.CORRECT, ConsentSource.WEB, "Aino Mäki, Kylätie 1")
    erasure.erase(workspace.engine.context, AINO)
    with workspace.engine.context.ledger.read() as connection:
        assert privacy_requests.list_for_member(connection, AINO) == []
    assert requests.list_open(workspace.engine.context) == []


def test_c12_merging_moves_a_duplicates_requests(workspace: SampleWorkspace):
    request = requests.file(workspace.engine.context, MEMBERS[1], RequestKind.ACCESS, ConsentSource.WEB)
    merging.merge(workspace.engine.context, MEMBERS[1], AINO, approved=True)
    (open_request,) = requests.list_open(workspace.engine.context)
    assert (open_request.number, open_request.member_id) == (request.number, AINO)


def test_a_request_for_an_unknown_member_is_refused(workspace: SampleWorkspace):
    with pytest.raises(UserError, match="no member"):
        requests.file(workspace.engine.context, "m99", RequestKind.ERASE, ConsentSource.WEB)


def notices(workspace: SampleWorkspace) -> list[tuple[str, str, dict[str, str]]]:
    with workspace.engine.context.ledger.read() as connection:
        rows = connection.execute(select(NOTICE.c.kind, NOTICE.c.member_id, NOTICE.c.about).order_by(NOTICE.c.number))
        return [(kind, member_id, about) for kind, member_id, about in rows]


def test_gd07_extensions_and_refusals_are_notified_with_reason_and_due_date(workspace: SampleWorkspace):
    number = requests.file(workspace.engine.context, AINO, RequestKind.ACCESS, ConsentSource.WEB).number or 0
    requests.extend(workspace.engine.context, number, "Arkistosta haetaan")
    requests.close(workspace.engine.context, number, RequestOutcome.REFUSED, "Sama pyyntö viikko sitten")
    assert notices(workspace)[1:] == [
        ("put_off", AINO, {"request": "access", "due": "2018-04-01", "because": "Arkistosta haetaan"}),
        ("refused", AINO, {"request": "access", "because": "Sama pyyntö viikko sitten"}),
    ]


@pytest.mark.parametrize("kind", [RequestKind.RESTRICT, RequestKind.OBJECT, RequestKind.CORRECT])
def test_gd07_completion_is_notified_where_nothing_else_shows_it(workspace: SampleWorkspace, kind: RequestKind):
    number = requests.file(workspace.engine.context, AINO, kind, ConsentSource.WEB).number or 0
    requests.close(workspace.engine.context, number, RequestOutcome.DONE)
    assert notices(workspace)[1:] == [("done", AINO, {"request": kind.value})]


def test_gd12_an_erasure_request_is_not_closed_as_done_before_the_erasure(workspace: SampleWorkspace):
    number = requests.file(workspace.engine.context, AINO, RequestKind.ERASE, ConsentSource.WEB).number or 0
    with pytest.raises(UserError, match="when the member is erased"):
        requests.close(workspace.engine.context, number, RequestOutcome.DONE)
    assert [request.number for request in requests.list_open(workspace.engine.context)] == [number]


def test_answered_access_requests_and_withdrawn_requests_send_no_notice(workspace: SampleWorkspace):
    for outcome in (RequestOutcome.DONE, RequestOutcome.WITHDRAWN):
        number = requests.file(workspace.engine.context, AINO, RequestKind.ACCESS, ConsentSource.WEB).number or 0
        requests.close(workspace.engine.context, number, outcome)
    assert {kind for kind, *_ in notices(workspace)} == {"request"}
