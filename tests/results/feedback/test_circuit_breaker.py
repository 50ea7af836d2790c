"""The circuit breaker on either ledger: limits that pause a campaign and leave members untouched."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from campaigns.channels.events import EventKind
from campaigns.operations.scheduler import Scheduler
from campaigns.results.feedback.circuit_breaker import CircuitBreaker
from campaigns.runs.dispatch import run_transitions
from campaigns.store.people.people_tables import AUDIT
from campaigns.store.runs.run_tables import RUN
from tests.support.sample_workspace import MEMBERS
from tests.support.sent_run import EMAIL, send_run

_LIMITS = "breaker: {complaints: 10 percent, hard_bounces: 20 percent, after: 10}"


@pytest.fixture
def two_runs(workspace):
    """A run with twelve accepted offers, and a second run of the same campaign that is still sending."""
    workspace.add_setting(_LIMITS)
    first = send_run(workspace, EMAIL)
    second = workspace.start("offers")
    assert second.run_id != first.run.run_id
    return first, second


def report(first, *members, kind=EventKind.COMPLAINED, **fields):
    return first.ingest(*(first.event(member, kind, **fields) for member in members))


def test_dl03_too_many_complaints_pause_every_run_of_the_campaign(two_runs):
    first, second = two_runs
    workspace, breaker = first.workspace, CircuitBreaker(first.workspace.engine.context)
    before = workspace.end_states(second)
    report(first, MEMBERS[0])
    assert breaker.pause_campaigns() == []
    report(first, MEMBERS[1])
    assert breaker.pause_campaigns() == ["offers"]
    run = workspace.engine.queries.run(second.run_id)
    assert (run.state, run.reason) == ("paused", "complaints: 2 of 12 messages by email")
    assert workspace.end_states(second) == before  # it touches no member
    assert workspace.state(first.run) == "closed"
    with workspace.engine.context.ledger.read() as connection:
        audit_rows = connection.execute(select(AUDIT).where(AUDIT.c.actor == "breaker")).mappings().all()
    assert [(row["action"], row["subject"], row["detail"]) for row in audit_rows] == [
        ("pause", second.run_id, {"why": run.reason})
    ]


def test_resumed_campaign_is_not_paused_again_for_the_same_complaints(two_runs):
    first, second = two_runs
    workspace = first.workspace
    report(first, MEMBERS[0], MEMBERS[1])
    assert CircuitBreaker(workspace.engine.context).pause_campaigns() == ["offers"]
    workspace.clock.advance(minutes=1)
    workspace.engine.run_control.transition(run_transitions.resume, second.run_id)
    assert CircuitBreaker(workspace.engine.context).pause_campaigns() == []
    assert workspace.state(second) == "sending"


def test_two_complaints_of_one_member_count_once(two_runs):
    first, _ = two_runs
    report(first, MEMBERS[0])
    report(first, MEMBERS[0], key="once more")
    assert CircuitBreaker(first.workspace.engine.context).pause_campaigns() == []


def test_hard_bounces_have_their_own_limit(two_runs):
    first, second = two_runs
    report(first, *MEMBERS[:2], kind=EventKind.BOUNCED)
    assert CircuitBreaker(first.workspace.engine.context).pause_campaigns() == []
    report(first, MEMBERS[2], kind=EventKind.BOUNCED)
    assert CircuitBreaker(first.workspace.engine.context).pause_campaigns() == ["offers"]
    assert first.workspace.engine.queries.run(second.run_id).reason == "hard bounces: 3 of 12 messages by email"


def test_dl07_first_refusal_for_missing_authentication_pauses(two_runs):
    first, second = two_runs
    report(first, MEMBERS[0], kind=EventKind.BLOCKED, code="5.7.1")
    assert CircuitBreaker(first.workspace.engine.context).pause_campaigns() == []
    report(first, MEMBERS[0], kind=EventKind.BLOCKED, code="5.7.515", key="another")
    Scheduler(first.workspace.engine).read_mail()
    assert first.workspace.state(second) == "paused"
    assert "SPF" in first.workspace.engine.queries.run(second.run_id).reason


def test_limit_applies_only_from_the_minimum_number_of_messages(workspace):
    workspace.add_setting(_LIMITS.replace("10}", "13}"))
    first = send_run(workspace, EMAIL)
    workspace.start("offers")
    report(first, *MEMBERS[:6])
    breaker = CircuitBreaker(workspace.engine.context)
    assert breaker.pause_campaigns() == []
    first.ingest(first.event(MEMBERS[12], EventKind.DELIVERED))  # the thirteenth message, without a complaint
    assert breaker.pause_campaigns() == ["offers"]


def test_other_campaigns_and_earlier_weeks_do_not_count(two_runs):
    first, second = two_runs
    workspace = first.workspace
    other = workspace.start("others", EMAIL)
    report(first, *MEMBERS[:4])
    with workspace.engine.context.ledger.write() as connection:
        number = workspace.engine.queries.run(first.run.run_id).number
        connection.execute(
            RUN.update().where(RUN.c.number == number).values(due_at=workspace.clock.time - timedelta(days=8))
        )
    assert CircuitBreaker(workspace.engine.context).pause_campaigns() == []
    assert {workspace.state(second), workspace.state(other)} == {"sending"}
