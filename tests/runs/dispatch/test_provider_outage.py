"""Provider outage: a provider that accepts nothing gets single messages, ever more rarely, and no others."""

import logging
from datetime import timedelta
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.channels.outcome import Accepted, Refused, RetryLater, Unknown
from campaigns.core.model.reasons import EndReason
from campaigns.operations.worker import Worker
from campaigns.runs.dispatch.provider_outage import FAILURE_THRESHOLD, ProviderOutage
from tests.support.sample_campaigns import MARKETING
from tests.support.sample_workspace import MEMBERS, NOW
from tests.support.scripted_provider import ScriptedProvider, accept, with_scripted_provider

NEWCOMERS = [f"n{number:02}" for number in range(60)]
ALL = len(MEMBERS) + len(NEWCOMERS)
FAST = 4
ALIVE = (
    Accepted("ref"),
    Refused(EndReason.PROVIDER_REJECTED, "550"),
    RetryLater(300, "RCPT 451", this_message_only=True),
)
FAILING = (RetryLater(1, "no connection"), RetryLater(5, "HTTP 429"), Unknown("HTTP 500"), Unknown("no answer in time"))


@given(st.lists(st.sampled_from([*ALIVE, *FAILING * 6]), max_size=200))
def test_outage_begins_after_many_failures_in_a_row(answers):
    outage, in_a_row = ProviderOutage(ScriptedProvider()), 0
    for answer in answers:
        outage.record_outcome(answer, NOW)
        in_a_row = 0 if answer in ALIVE else in_a_row + 1
        assert outage.available(100, NOW) == (0 if in_a_row >= FAILURE_THRESHOLD else 100)


def test_delay_between_single_messages_doubles_up_to_a_minute():
    outage, attempts = ProviderOutage(ScriptedProvider()), []
    for _ in range(FAILURE_THRESHOLD):
        outage.record_outcome(FAILING[0], NOW)
    for step in range(4 * 300):
        now = NOW + step * timedelta(seconds=0.25)
        if outage.available(100, now):
            outage.record_sent(1, now)
            attempts.append(step / 4)
            outage.record_outcome(FAILING[0], now)
    assert attempts == [0.25, 0.75, 1.75, 3.75, 7.75, 15.75, 31.75, 63.75, 123.75, 183.75, 243.75]


def test_unsent_message_does_not_delay_the_next_attempt():
    outage = ProviderOutage(ScriptedProvider())
    for _ in range(FAILURE_THRESHOLD):
        outage.record_outcome(FAILING[0], NOW)
    later = NOW + timedelta(seconds=1)
    outage.record_sent(0, later)
    assert outage.available(0, later) == 0
    assert outage.available(5, later) == 1


def test_clock_set_back_does_not_delay_the_next_attempt():
    outage = ProviderOutage(ScriptedProvider())
    for _ in range(FAILURE_THRESHOLD):
        outage.record_outcome(FAILING[0], NOW)
    assert outage.available(5, NOW - timedelta(hours=1)) == 1


@pytest.fixture
def running_workspace(workspace):
    """Sample workspace with more members, a started run and a running clock."""
    workspace.import_rows(
        "members",
        [
            {"member_id": member, "register": "customers", "first_name": "Uusi", "email": f"{member}@example.org",
             "bonus_last_month": 1}
            for member in NEWCOMERS
        ],
    )  # fmt: skip
    workspace.clock.advance(hours=-8)  # a plan uses the choices made before its day
    for member in NEWCOMERS:
        workspace.record_choices(member, "email_own")
    workspace.clock.advance(hours=8)
    run = workspace.start("hi", MARKETING)
    workspace.run_clock(FAST)
    return workspace, run


@pytest.mark.long
@pytest.mark.parametrize("failure", [FAILING[0], FAILING[2]], ids=["away", "failing"])
def test_run_spends_few_messages_on_an_outage_and_sends_all_others_after_it(running_workspace, failure, caplog):
    workspace, run = running_workspace
    caplog.set_level(logging.WARNING, "viesti")
    failures = FAILURE_THRESHOLD + 5  # three are claimed with the last of many, and two are single attempts

    def answer(message):
        return failure if len(provider.received) <= failures else accept(message)

    provider = with_scripted_provider(workspace, ScriptedProvider(answer))
    sent = workspace.send(run)
    balance = workspace.balance(run)
    uncertain = {"uncertain": failures} if isinstance(failure, Unknown) else {}
    assert sent.closed
    assert balance == {"accepted": ALL - sum(uncertain.values()), **uncertain}
    assert [record.getMessage() for record in caplog.records if "ScriptedProvider" in record.getMessage()] == [
        "ScriptedProvider accepts no messages: sending one at a time until it does",
        "ScriptedProvider accepts messages again",
    ]


def test_outage_continues_in_the_next_call_of_the_worker(running_workspace):
    """A server begins a new round whenever its runs rest, and they rest when the next attempt is far off."""
    workspace, _ = running_workspace
    stopping = Event()

    def answer(message):
        if len(provider.received) >= FAILURE_THRESHOLD:
            stopping.set()
        return FAILING[2]

    provider = with_scripted_provider(workspace, ScriptedProvider(answer))
    Worker(workspace.engine, stopping).send_all()
    first_round = len(provider.received)
    stopping.clear()
    Worker(workspace.engine, stopping).send_all()
    assert len(provider.received) - first_round == 1


def test_withdrawn_delivery_is_not_an_attempt_at_the_provider(running_workspace):
    workspace, run = running_workspace
    provider = with_scripted_provider(workspace, ScriptedProvider())
    for _ in range(FAILURE_THRESHOLD):
        workspace.engine.outages.outage_of(provider).record_outcome(FAILING[0], workspace.engine.context.clock.now())
    for member in MEMBERS:
        workspace.record_choices(member, "email_own", on=False)
    assert workspace.send(run).closed
    assert workspace.balance(run) == {"accepted": len(NEWCOMERS), "withdrawn": len(MEMBERS)}
