"""A provider that takes nothing is asked rarely, by one message at a time, and nobody else's message is spent on it."""

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
SPEAKING = (
    Accepted("ref"),
    Refused(EndReason.PROVIDER_REJECTED, "550"),
    RetryLater(300, "RCPT 451", this_message_only=True),
)
SILENT = (RetryLater(1, "no connection"), RetryLater(5, "HTTP 429"), Unknown("HTTP 500"), Unknown("no answer in time"))


@given(st.lists(st.sampled_from([*SPEAKING, *SILENT * 6]), max_size=200))
def test_only_many_answers_in_a_row_that_settle_nothing_are_an_outage(answers):
    outage, in_a_row = ProviderOutage(ScriptedProvider()), 0
    for answer in answers:
        outage.record_outcome(answer, NOW)
        in_a_row = 0 if answer in SPEAKING else in_a_row + 1
        assert outage.available(100, NOW) == (0 if in_a_row >= FAILURE_THRESHOLD else 100)


def test_it_is_asked_by_one_message_ever_more_rarely_and_every_minute_in_the_end():
    outage, moments = ProviderOutage(ScriptedProvider()), []
    for _ in range(FAILURE_THRESHOLD):
        outage.record_outcome(SILENT[0], NOW)
    for step in range(4 * 300):
        now = NOW + step * timedelta(seconds=0.25)
        if outage.available(100, now):
            outage.record_sent(1, now)
            moments.append(step / 4)
            outage.record_outcome(SILENT[0], now)
    assert moments == [0.25, 0.75, 1.75, 3.75, 7.75, 15.75, 31.75, 63.75, 123.75, 183.75, 243.75]


def test_what_did_not_go_puts_nothing_off():
    outage = ProviderOutage(ScriptedProvider())
    for _ in range(FAILURE_THRESHOLD):
        outage.record_outcome(SILENT[0], NOW)
    later = NOW + timedelta(seconds=1)
    outage.record_sent(0, later)
    assert outage.available(0, later) == 0
    assert outage.available(5, later) == 1


def test_a_clock_that_is_put_back_keeps_nobody_from_asking():
    outage = ProviderOutage(ScriptedProvider())
    for _ in range(FAILURE_THRESHOLD):
        outage.record_outcome(SILENT[0], NOW)
    assert outage.available(5, NOW - timedelta(hours=1)) == 1


@pytest.fixture
def web_workspace(workspace):
    """The village with more people, and with a clock that goes on by itself."""
    workspace.import_rows(
        "members",
        [
            {"member_id": each, "register": "customers", "first_name": "Uusi", "email": f"{each}@example.org",
             "bonus_last_month": 1}
            for each in NEWCOMERS
        ],
    )  # fmt: skip
    workspace.clock.advance(hours=-8)  # a plan knows what was said before its day
    for each in NEWCOMERS:
        workspace.record_choices(each, "email_own")
    workspace.clock.advance(hours=8)
    run = workspace.start("hi", MARKETING)
    workspace.run_clock(FAST)
    return workspace, run


@pytest.mark.parametrize("silent", [SILENT[0], SILENT[2]], ids=["away", "failing"])
def test_a_run_spends_few_messages_on_a_provider_that_takes_nothing_and_all_others_go_when_it_does(
    web_workspace, silent, caplog
):
    workspace, run = web_workspace
    caplog.set_level(logging.WARNING, "viesti")
    bad = FAILURE_THRESHOLD + 5  # three are claimed with the last of many, and two are asked alone

    def answer(message):
        return silent if len(provider.heard) <= bad else accept(message)

    provider = with_scripted_provider(workspace, ScriptedProvider(answer))
    sent = workspace.send(run)
    counted = workspace.balance(run)
    left = {"uncertain": bad} if isinstance(silent, Unknown) else {}
    assert sent.closed
    assert counted == {"accepted": ALL - sum(left.values()), **left}
    assert [record.getMessage() for record in caplog.records if "Wire" in record.getMessage()] == [
        "Wire takes nothing: it is asked by one message at a time until it does",
        "Wire takes messages again",
    ]


def test_an_outage_is_known_beyond_the_round_that_met_it(web_workspace):
    """A server begins a new round whenever its runs rest, and they rest when the next question is far off."""
    workspace, _ = web_workspace
    stopping = Event()

    def answer(message):
        if len(provider.heard) >= FAILURE_THRESHOLD:
            stopping.set()
        return SILENT[2]

    provider = with_scripted_provider(workspace, ScriptedProvider(answer))
    Worker(workspace.engine, stopping).send_all()
    met = len(provider.heard)
    stopping.clear()
    Worker(workspace.engine, stopping).send_all()
    assert len(provider.heard) - met == 1


def test_who_said_no_meanwhile_is_no_question_to_the_provider(web_workspace):
    workspace, run = web_workspace
    provider = with_scripted_provider(workspace, ScriptedProvider())
    for _ in range(FAILURE_THRESHOLD):
        workspace.engine.outages.of(provider).hear(SILENT[0], workspace.engine.context.clock.now())
    for each in MEMBERS:
        workspace.record_choices(each, "email_own", on=False)
    assert workspace.send(run).closed
    assert workspace.balance(run) == {"accepted": len(NEWCOMERS), "withdrawn": len(MEMBERS)}
