"""Quiet hours: a channel holds its messages until they end, or cancels them, by local time."""

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
def test_messages_in_quiet_hours_are_held_until_the_morning(workspace, moment, ends):
    provider = with_scripted_provider(workspace, ScriptedProvider())
    workspace.clock.time = at(moment) - timedelta(minutes=1)
    run, _ = workspace.plan("hi", HELD)
    workspace.engine.run_control.start(run)
    workspace.clock.time = at(moment)
    sent = workspace.send(run)
    assert (sent.closed, sent.resume_at) == (False, at(ends))
    assert provider.received == []
    workspace.clock.time = at(ends)
    assert workspace.send(run).closed
    assert workspace.balance(run) == {"accepted": ALL}


@pytest.mark.parametrize("moment", ["2018-01-05T09:00", "2018-01-05T19:59"])
def test_messages_by_day_are_sent_at_once(workspace, moment):
    with_scripted_provider(workspace, ScriptedProvider())
    workspace.clock.time = at(moment)
    run = workspace.start("hi", HELD)
    assert workspace.send(run).closed


def test_messages_in_quiet_hours_can_be_cancelled(workspace):
    provider = with_scripted_provider(workspace, ScriptedProvider())
    workspace.clock.time = at("2018-01-05T21:00")
    run = workspace.start("hi", CANCELLED)
    assert workspace.send(run).closed
    assert provider.received == []
    assert set(workspace.end_states(run).values()) == {("withdrawn", "quiet_hours_cancelled")}
    workspace.balance(run)


@pytest.mark.parametrize(("campaign", "rest"), [(HELD, "pending"), (CANCELLED, "withdrawn")])
def test_run_stops_sending_when_quiet_hours_begin(workspace, campaign, rest):
    def answer(message):
        workspace.clock.advance(minutes=1)
        return accept(message)

    provider = with_scripted_provider(workspace, ScriptedProvider(answer))
    workspace.clock.time = at("2018-01-05T19:57")
    run = workspace.start("hi", campaign)
    sent = workspace.send(run)
    assert workspace.balance(run) == {"accepted": len(provider.received), rest: ALL - len(provider.received)}
    assert 0 < len(provider.received) < ALL
    assert sent.resume_at == (at("2018-01-06T09:00") if rest == "pending" else None)
    assert sent.closed is (rest == "withdrawn")


@pytest.mark.parametrize("seconds", [1, 2, 10_000])
def test_message_claimed_before_quiet_hours_is_not_handed_over_in_them(workspace, monkeypatch, seconds):
    """The process is held up between claim and call: for a moment, or because the machine was asleep."""
    exchange = message_sender.MessageSender._exchange

    def held_up(run, connection, answers):
        result = exchange(run, connection, answers)
        workspace.clock.advance(seconds=seconds if result.deliveries else 0)
        return result

    monkeypatch.setattr(message_sender.MessageSender, "_exchange", held_up)
    provider = with_scripted_provider(workspace, ScriptedProvider())
    workspace.clock.time = at("2018-01-05T19:59:59")
    run = workspace.start("hi", HELD)
    sent = workspace.send(run)
    assert provider.received == []
    assert workspace.balance(run) == {"pending": ALL}
    assert sent.resume_at == at("2018-01-06T09:00")


def context_with_quiet_hours(hours: str) -> RunContext:
    """Return a run context of which only the campaign matters."""
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
LONG_NIGHT = at("2026-10-24T12:00")
NIGHTS = st.sampled_from([at("2026-03-28T12:00"), LONG_NIGHT, at("2018-01-05T12:00")])


@given(start=HOURS, end=HOURS, noon=NIGHTS, minutes=st.integers(0, 24 * 60))
def test_quiet_hours_end_is_ahead_and_not_quiet(start, end, noon, minutes):
    now = noon + timedelta(minutes=minutes)
    context = context_with_quiet_hours(f"{start}-{end}") if start != end else context_with_quiet_hours("20:00-09:00")
    if not context.is_quiet(Channel.SMS, now):
        return
    until = context.quiet_hours_end(Channel.SMS, now)
    assert now < until
    assert not context.is_quiet(Channel.SMS, until)
    waited = (until - now) // timedelta(minutes=1)
    loud = [step for step in range(1, waited) if not context.is_quiet(Channel.SMS, now + timedelta(minutes=step))]
    assert len(loud) <= 60  # less than the hour that the clocks jump over


@given(start=HOURS, end=HOURS, noon=NIGHTS, minutes=st.integers(0, 24 * 60))
@example(start="03:30", end="09:00", noon=LONG_NIGHT, minutes=16 * 60 + 10)  # the second 03:10 of the night
def test_next_quiet_hours_start_is_ahead_with_no_quiet_time_before(start, end, noon, minutes):
    now = noon + timedelta(minutes=minutes)
    context = context_with_quiet_hours(f"{start}-{end}") if start != end else context_with_quiet_hours("20:00-09:00")
    if context.is_quiet(Channel.SMS, now):
        return
    quiet_start = context.next_quiet_hours_start(Channel.SMS, now)
    assert now < quiet_start
    assert context.is_quiet(Channel.SMS, quiet_start)
    waited = (quiet_start - now) // timedelta(minutes=1)
    quiet = [step for step in range(1, waited) if context.is_quiet(Channel.SMS, now + timedelta(minutes=step))]
    assert len(quiet) <= 60  # less than the hour that the clocks jump over


def test_tw11_sms_validity_ends_when_quiet_hours_begin(workspace):
    """TW-11: a text message may wait in the provider's queue no longer than that."""
    spans: list[timedelta | None] = []
    with_scripted_provider(
        workspace, ScriptedProvider(lambda message: (spans.append(message.valid_for), accept(message))[1])
    )
    workspace.clock.time = at("2018-01-05T19:30")
    run, _ = workspace.plan("hi", HELD)
    workspace.engine.run_control.start(run)
    workspace.send(run)
    assert spans == [timedelta(minutes=30)] * ALL
