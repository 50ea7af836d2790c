"""The breaker, on either ledger: what halts a campaign, and that it touches nobody."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from campaigns.channels.events import EventKind
from campaigns.operations.scheduler import Scheduler
from campaigns.results.feedback.circuit_breaker import CircuitBreaker
from campaigns.runs.dispatch import control
from campaigns.store.runs.run_tables import AUDIT, RUN
from tests.support.sample_workspace import MEMBERS
from tests.support.sent_run import EMAIL, send_run

_LIMITS = "breaker: {complaints: 10 percent, hard_bounces: 20 percent, after: 10}"


@pytest.fixture
def going(workspace):
    """Offers of which twelve are accepted, and a second run of the same campaign that is still sending."""
    workspace.add_setting(_LIMITS)
    first = send_run(workspace, EMAIL)
    second = workspace.start("offers")
    assert second.run_id != first.run.run_id
    return first, second


def complain(first, *members, word=EventKind.COMPLAINED, **said):
    return first.ingest(*(first.event(member, word, **said) for member in members))


def test_dl03_too_many_complaints_pause_every_run_of_the_campaign(going):
    first, second = going
    workspace, breaker = first.workspace, CircuitBreaker(first.workspace.engine.context)
    before = workspace.ends(second)
    complain(first, MEMBERS[0])
    assert breaker.pause_campaigns() == []
    complain(first, MEMBERS[1])
    assert breaker.pause_campaigns() == ["offers"]
    run = workspace.engine.queries.run(second.run_id)
    assert (run.state, run.reason) == ("paused", "complaints: 2 of 12 messages by email")
    assert workspace.ends(second) == before  # it touches no member
    assert workspace.state(first.run) == "closed"
    with workspace.engine.context.ledger.read() as connection:
        noted = connection.execute(select(AUDIT).where(AUDIT.c.actor == "breaker")).mappings().all()
    assert [(each["action"], each["subject"], each["detail"]) for each in noted] == [
        ("pause", second.run_id, {"why": run.reason})
    ]


def test_what_halted_a_campaign_does_not_halt_it_again_once_somebody_resumed_it(going):
    first, second = going
    workspace = first.workspace
    complain(first, MEMBERS[0], MEMBERS[1])
    assert CircuitBreaker(workspace.engine.context).pause_campaigns() == ["offers"]
    workspace.clock.advance(minutes=1)
    workspace.engine.run_control.transition(control.resume, second.run_id)
    assert CircuitBreaker(workspace.engine.context).pause_campaigns() == []
    assert workspace.state(second) == "sending"


def test_the_same_member_complaining_twice_is_one_complaint(going):
    first, _ = going
    complain(first, MEMBERS[0])
    complain(first, MEMBERS[0], key="once more")
    assert CircuitBreaker(first.workspace.engine.context).pause_campaigns() == []


def test_hard_bounces_have_a_limit_of_their_own(going):
    first, second = going
    complain(first, *MEMBERS[:2], word=EventKind.BOUNCED)
    assert CircuitBreaker(first.workspace.engine.context).pause_campaigns() == []
    complain(first, MEMBERS[2], word=EventKind.BOUNCED)
    assert CircuitBreaker(first.workspace.engine.context).pause_campaigns() == ["offers"]
    assert first.workspace.engine.queries.run(second.run_id).reason == "hard bounces: 3 of 12 messages by email"


def test_dl07_the_first_refusal_for_missing_authentication_halts(going):
    first, second = going
    complain(first, MEMBERS[0], word=EventKind.BLOCKED, code="5.7.1")
    assert CircuitBreaker(first.workspace.engine.context).pause_campaigns() == []
    complain(first, MEMBERS[0], word=EventKind.BLOCKED, code="5.7.515", key="another")
    Scheduler(first.workspace.engine).read_mail()
    assert first.workspace.state(second) == "paused"
    assert "SPF" in first.workspace.engine.queries.run(second.run_id).reason


def test_few_messages_are_no_share(workspace):
    workspace.add_setting(_LIMITS.replace("10}", "13}"))
    first = send_run(workspace, EMAIL)
    workspace.start("offers")
    complain(first, *MEMBERS[:6])
    breaker = CircuitBreaker(workspace.engine.context)
    assert breaker.pause_campaigns() == []
    first.ingest(first.event(MEMBERS[12], EventKind.DELIVERED))  # the thirteenth; no complaint came with it
    assert breaker.pause_campaigns() == ["offers"]


def test_other_campaigns_and_earlier_weeks_do_not_count(going):
    first, second = going
    workspace = first.workspace
    other = workspace.start("others", EMAIL)
    complain(first, *MEMBERS[:4])
    with workspace.engine.context.ledger.write() as connection:
        number = workspace.engine.queries.run(first.run.run_id).number
        connection.execute(
            RUN.update().where(RUN.c.number == number).values(due_at=workspace.clock.time - timedelta(days=8))
        )
    assert CircuitBreaker(workspace.engine.context).pause_campaigns() == []
    assert {workspace.state(second), workspace.state(other)} == {"sending"}
