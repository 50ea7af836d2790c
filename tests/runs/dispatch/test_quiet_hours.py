"""In quiet hours a channel is silent: its messages are held until they end, or cancelled, by the clock on the wall."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from campaigns.core.model.campaign import Campaign
from campaigns.core.model.enums import Channel
from campaigns.runs.composing.run_context import RunContext
from campaigns.runs.dispatch import message_sender
from tests.support.sample_workspace import MEMBERS
from tests.support.scripted_provider import ScriptedProvider, accept, with_scripted_provider

HELSINKI = ZoneInfo("Europe/Helsinki")
QUIET = """\
purpose: marketing
schedule: {{at: "2018-01-05 10:30"}}
audience: {{register: [owners, customers]}}
channels: [sms]
content: {{sms: hello}}
quiet_hours: {{sms: {hours}}}
"""
HELD = QUIET.format(hours='"20:00-09:00"')
CANCELLED = QUIET.format(hours='{start: "20:00", end: "09:00", action: cancel}')
ALL = len(MEMBERS)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HELSINKI).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "ends"),
    [
        ("2018-01-05T20:00", "2018-01-06T09:00"),
        ("2018-01-05T23:59", "2018-01-06T09:00"),
        ("2018-01-06T00:00", "2018-01-06T09:00"),
        ("2018-01-06T08:59", "2018-01-06T09:00"),
        ("2026-03-28T21:05", "2026-03-29T09:00"),  # a night of twelve hours
        ("2026-10-24T21:05", "2026-10-25T09:00"),  # a night of fourteen
    ],
)
def test_messages_of_the_night_are_held_until_the_morning(workspace, moment, ends):
    provider = with_scripted_provider(workspace, ScriptedProvider())
    workspace.clock.time = at(moment) - timedelta(minutes=1)
    run, _ = workspace.plan("hi", HELD)
    workspace.engine.run_control.start(run)
    workspace.clock.time = at(moment)
    sent = workspace.send(run)
    assert (sent.closed, sent.resume_at) == (False, at(ends))
    assert provider.heard == []
    workspace.clock.time = at(ends)
    assert workspace.send(run).closed
    assert workspace.balance(run) == {"accepted": ALL}


@pytest.mark.parametrize("moment", ["2018-01-05T09:00", "2018-01-05T19:59"])
def test_by_day_they_go_at_once(workspace, moment):
    with_scripted_provider(workspace, ScriptedProvider())
    workspace.clock.time = at(moment)
    run = workspace.start("hi", HELD)
    assert workspace.send(run).closed


def test_messages_of_the_night_can_be_cancelled(workspace):
    provider = with_scripted_provider(workspace, ScriptedProvider())
    workspace.clock.time = at("2018-01-05T21:00")
    run = workspace.start("hi", CANCELLED)
    assert workspace.send(run).closed
    assert provider.heard == []
    assert set(workspace.end_states(run).values()) == {("withdrawn", "quiet_hours_cancelled")}
    workspace.balance(run)


@pytest.mark.parametrize(("campaign", "rest"), [(HELD, "pending"), (CANCELLED, "withdrawn")])
def test_a_run_falls_silent_when_the_night_begins(workspace, campaign, rest):
    def answer(message):
        workspace.clock.advance(minutes=1)
        return accept(message)

    provider = with_scripted_provider(workspace, ScriptedProvider(answer))
    workspace.clock.time = at("2018-01-05T19:57")
    run = workspace.start("hi", campaign)
    sent = workspace.send(run)
    assert workspace.balance(run) == {"accepted": len(provider.heard), rest: ALL - len(provider.heard)}
    assert 0 < len(provider.heard) < ALL
    assert sent.resume_at == (at("2018-01-06T09:00") if rest == "pending" else None)
    assert sent.closed is (rest == "withdrawn")


@pytest.mark.parametrize("seconds", [1, 2, 10_000])
def test_what_was_claimed_before_the_night_is_not_handed_over_in_it(workspace, monkeypatch, seconds):
    """Between the claim and the call the process was held up: for a moment, or because the machine was asleep."""
    claimed = message_sender.MessageSender._exchange

    def held_up(run, connection, answers):
        found = claimed(run, connection, answers)
        workspace.clock.advance(seconds=seconds if found.deliveries else 0)
        return found

    monkeypatch.setattr(message_sender.MessageSender, "_exchange", held_up)
    provider = with_scripted_provider(workspace, ScriptedProvider())
    workspace.clock.time = at("2018-01-05T19:59:59")
    run = workspace.start("hi", HELD)
    sent = workspace.send(run)
    assert provider.heard == []
    assert workspace.balance(run) == {"pending": ALL}
    assert sent.resume_at == at("2018-01-06T09:00")


def job_with(hours: str) -> RunContext:
    """A job of which only the campaign matters."""
    campaign = Campaign.model_validate(
        {
            "name": "hi",
            "title": {"fi": "x", "sv": "x", "en": "x"},
            "purpose": "marketing",
            "schedule": {"at": "2018-01-05 10:30"},
            "channels": ["sms"],
            "variants": [{"name": "everyone", "sms": "hello"}],
            "quiet_hours": {"sms": hours},
        }
    )
    return RunContext(*(None, campaign, None, None, None))  # type: ignore[arg-type]


HOURS = st.times().map(lambda moment: f"{moment:%H:%M}")
NIGHT_OF_FOURTEEN = at("2026-10-24T12:00")
NIGHTS = st.sampled_from([at("2026-03-28T12:00"), NIGHT_OF_FOURTEEN, at("2018-01-05T12:00")])


@given(start=HOURS, end=HOURS, noon=NIGHTS, minutes=st.integers(0, 24 * 60))
def test_the_end_of_quiet_hours_is_ahead_and_not_quiet(start, end, noon, minutes):
    now = noon + timedelta(minutes=minutes)
    job = job_with(f"{start}-{end}") if start != end else job_with("20:00-09:00")
    if not job.is_quiet(Channel.SMS, now):
        return
    until = job.quiet_hours_end(Channel.SMS, now)
    assert now < until
    assert not job.is_quiet(Channel.SMS, until)
    waited = (until - now) // timedelta(minutes=1)
    loud = [step for step in range(1, waited) if not job.is_quiet(Channel.SMS, now + timedelta(minutes=step))]
    assert len(loud) <= 60  # less than the hour that the clocks jump over


@given(start=HOURS, end=HOURS, noon=NIGHTS, minutes=st.integers(0, 24 * 60))
@example(start="03:30", end="09:00", noon=NIGHT_OF_FOURTEEN, minutes=16 * 60 + 10)  # the second 03:10 of the night
def test_the_beginning_of_quiet_hours_is_ahead_and_until_then_it_is_loud(start, end, noon, minutes):
    now = noon + timedelta(minutes=minutes)
    job = job_with(f"{start}-{end}") if start != end else job_with("20:00-09:00")
    if job.is_quiet(Channel.SMS, now):
        return
    silent = job.next_quiet_hours_start(Channel.SMS, now)
    assert now < silent
    assert job.is_quiet(Channel.SMS, silent)
    waited = (silent - now) // timedelta(minutes=1)
    quiet = [step for step in range(1, waited) if job.is_quiet(Channel.SMS, now + timedelta(minutes=step))]
    assert len(quiet) <= 60  # less than the hour that the clocks jump over


def test_a_text_may_wait_in_a_providers_queue_until_quiet_hours_begin_and_no_longer(workspace):
    """TW-11."""
    spans: list[timedelta | None] = []
    with_scripted_provider(
        workspace, ScriptedProvider(lambda message: (spans.append(message.valid_for), accept(message))[1])
    )
    workspace.clock.time = at("2018-01-05T19:30")
    run, _ = workspace.plan("hi", HELD)
    workspace.engine.run_control.start(run)
    workspace.send(run)
    assert spans == [timedelta(minutes=30)] * ALL
