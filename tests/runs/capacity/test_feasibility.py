"""Send windows: a plan that does not fit is reported when it is made and refused when it is started."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from campaigns.core.errors import UserError
from campaigns.core.model.campaign import Campaign, SendRate
from campaigns.core.model.enums import Channel
from campaigns.core.model.warm_up import WarmUp
from campaigns.runs.capacity.feasibility import SendWindow, capacity_problem
from campaigns.runs.capacity.workload import RunBacklog, Workload, measure_workload
from campaigns.runs.composing.composer_factory import ComposerFactory
from campaigns.runs.composing.run_context import RunContext
from campaigns.runs.dispatch import run_transitions
from campaigns.runs.dispatch.rate_limit import RateLimiter
from campaigns.runs.planning.run_files import FrozenFields
from campaigns.store.runs.run_tables import Run
from tests.support.provider_fixtures import SETTINGS
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.shell import MONDAYS, Shell

MINUTE, SECOND, HOUR = timedelta(minutes=1), timedelta(seconds=1), timedelta(hours=1)
LETTER = """\
purpose: marketing
schedule: {at: "2018-01-01 12:00", send_by: SEND_BY}
audience: {any: [{register: owners}, {register: customers}]}
content: {email: hello}
limits: {rate: 4 per hour}
"""
TEXTS = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
variants:
  - {name: near, when: {region: Lappi}, sms: %s}
  - {name: far, email: hello}
limits: {rate: 10 per second}
"""
DOMAINS = {"gmail.com": SendRate(1, SECOND), "example.org": SendRate(1, SECOND)}


def window(workspace: SampleWorkspace, opens: datetime, span: timedelta, rate: str, quiet: str = "") -> SendWindow:
    workspace.write_campaign("big", LETTER.replace("SEND_BY", "9 hours").replace("4 per hour", rate) + quiet)
    campaign: Campaign = workspace.engine.context.repository.campaign_definition("big")[0].campaign
    run = Run(run_id="big", campaign="big", purpose="marketing", due_at=opens, scheduled=True, state="planned")
    run_context = RunContext(
        run, campaign, SETTINGS, workspace.engine.context.signer, workspace.engine.run_definitions.files(run)
    )
    return SendWindow(run_context, opens, opens + span)


def at(hour: int, minute: int = 0, day: int = 8, month: int = 1, year: int = 2018) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def test_a15_75000_messages_at_10000_a_minute_take_eight_minutes() -> None:
    """Eight minutes, rounded up: 7.5 and a little, because the burst allowance is taken off the rate."""
    assert 7.5 * MINUTE <= RateLimiter("a", SendRate(10_000, MINUTE)).duration(75_000) <= 8 * MINUTE


def test_tw12_2800000_segments_at_100_a_second_take_eight_hours() -> None:
    assert 7.7 * HOUR <= RateLimiter("a", SendRate(100, SECOND), 2).duration(2_800_000) <= 8.2 * HOUR


def test_a15_75000_messages_fit_in_eight_minutes_and_not_in_seven(workspace: SampleWorkspace) -> None:
    sends = Workload({Channel.EMAIL: 75_000})
    assert capacity_problem(window(workspace, at(8), 8 * MINUTE, "10000 per minute"), sends) is None
    problem = capacity_problem(window(workspace, at(8), 7 * MINUTE, "10000 per minute"), sends)
    assert problem is not None
    assert "75000 messages by email need 8 min at 10000 per minute" in problem.message
    assert "there are 7 min" in problem.message


def test_tw12_long_messages_fit_in_a_day_but_not_before_quiet_hours(workspace: SampleWorkspace) -> None:
    """Two segments each, at 100 a second; from 12 to 20 o'clock in Helsinki are 8 hours before the quiet hours."""
    sends = Workload({Channel.SMS: 1_400_000}, segments=2_800_000)
    quiet = 'quiet_hours: {sms: "20:00-09:00"}\n'
    assert capacity_problem(window(workspace, at(10), 24 * HOUR, "100 per second", quiet), sends) is None
    problem = capacity_problem(window(workspace, at(10), 12 * HOUR, "100 per second", quiet), sends)
    assert problem is not None
    assert "there are 8 h 0 min outside quiet hours" in problem.message


def test_cancelling_quiet_hours_end_the_window(workspace: SampleWorkspace) -> None:
    quiet = 'quiet_hours: {sms: {start: "20:00", end: "09:00", action: cancel}}\n'
    assert window(workspace, at(10), 48 * HOUR, "1 per second", quiet).open_time(Channel.SMS) == 8 * HOUR
    assert window(workspace, at(20), 48 * HOUR, "1 per second", quiet).open_time(Channel.SMS) == timedelta()


def test_a14_window_is_an_hour_longer_when_the_clocks_go_back(workspace: SampleWorkspace) -> None:
    """From noon to noon on 27/28 October 2018, quiet from 20:00 to 09:00: 24 + 1 hours, of which 14 are quiet."""
    quiet = 'quiet_hours: {sms: "20:00-09:00"}\n'
    night = window(workspace, at(9, day=27, month=10), 25 * HOUR, "1 per second", quiet)
    assert night.open_time(Channel.SMS) == 11 * HOUR


def test_channels_of_one_run_share_its_rate(workspace: SampleWorkspace) -> None:
    half = Workload({Channel.EMAIL: 40_000, Channel.SMS: 40_000}, segments=40_000)
    assert (
        capacity_problem(window(workspace, at(8), 5 * MINUTE, "10000 per minute"), Workload({Channel.EMAIL: 40_000}))
        is None
    )
    assert capacity_problem(window(workspace, at(8), 5 * MINUTE, "10000 per minute"), half) is not None


def with_channels(plain: SendWindow, **changes: Mapping[str, object]) -> SendWindow:
    """Return the window with other channel settings."""
    channels = SETTINGS.channels
    changed = {name: getattr(channels, name).model_copy(update=change) for name, change in changes.items()}
    settings = SETTINGS.model_copy(update={"channels": channels.model_copy(update=changed)})
    return replace(plain, run_context=replace(plain.run_context, settings=settings))


def test_dl08_warm_up_limits_what_fits_in_the_window(workspace: SampleWorkspace) -> None:
    """From 10 to 10 o'clock: 14 hours of the first day, of 500, and 10 of the second, of 1,000."""
    plain = window(workspace, at(8), 24 * HOUR, "1000 per second")
    warm_up = WarmUp(start=date(2018, 1, 8), first_day=500, growth=Decimal(2))
    warming_up = with_channels(plain, email={"warm_up": warm_up})
    assert capacity_problem(plain, Workload({Channel.EMAIL: 2000})) is None
    assert capacity_problem(warming_up, Workload({Channel.EMAIL: 700})) is None
    problem = capacity_problem(warming_up, Workload({Channel.EMAIL: 710}))
    assert problem is not None
    assert "710 messages by email are more than the 70" in problem.message
    outgrown = with_channels(plain, email={"warm_up": warm_up.model_copy(update={"until": 1000})})
    assert capacity_problem(outgrown, Workload({Channel.EMAIL: 2000})) is None


def test_a15_account_rate_limits_a_faster_campaign(workspace: SampleWorkspace) -> None:
    plain = window(workspace, at(8), HOUR, "1000 per second")
    slow = with_channels(plain, email={"rate": SendRate(1000, MINUTE)}, sms={"rate": SendRate(100, SECOND)})
    assert capacity_problem(slow, Workload({Channel.EMAIL: 50_000, Channel.SMS: 100_000}, segments=300_000)) is None
    problem = capacity_problem(slow, Workload({Channel.EMAIL: 70_000}))
    assert problem is not None
    assert "70000 messages by email need 1 h 12 min at 1000 per minute" in problem.message
    assert "`channels.email.rate`" in str(problem)
    problem = capacity_problem(slow, Workload({Channel.SMS: 200_000}, segments=400_000))
    assert problem is not None
    assert "200000 messages by sms of 400000 segments need" in problem.message


def test_a15_other_runs_in_the_window_use_part_of_the_account_rate(workspace: SampleWorkspace) -> None:
    plain = window(workspace, at(8), HOUR, "1000 per second")
    slow = with_channels(plain, email={"rate": SendRate(1000, MINUTE)}, sms={"rate": SendRate(100, SECOND)})
    sends = {Channel.EMAIL: 30_000, Channel.SMS: 100_000}
    half = Workload(
        sends, segments=100_000, other_backlogs=[RunBacklog(at(9), {Channel.EMAIL: 29_000, Channel.SMS: 200_000})]
    )
    assert capacity_problem(slow, half) is None
    problem = capacity_problem(
        slow, replace(half, other_backlogs=[*half.other_backlogs, RunBacklog(at(8, 30), {Channel.EMAIL: 10_000})])
    )
    assert problem is not None
    assert (
        "30000 messages by email and 39000 of other runs that have to go meanwhile need 1 h 11 min" in problem.message
    )
    problem = capacity_problem(slow, replace(half, other_backlogs=[RunBacklog(at(9), {Channel.SMS: 300_000})]))
    assert problem is not None
    assert "100000 messages by sms of 100000 segments and 300000 of other runs" in problem.message


def test_a15_messages_that_can_go_afterwards_do_not_count(workspace: SampleWorkspace) -> None:
    """A long campaign holds up no short one: after 9 o'clock 59,000 fit in an hour, and all of 100,000 in three."""
    slow = with_channels(window(workspace, at(8), HOUR, "1000 per second"), email={"rate": SendRate(1000, MINUTE)})
    load = Workload({Channel.EMAIL: 30_000})
    assert capacity_problem(slow, replace(load, other_backlogs=[RunBacklog(at(12), {Channel.EMAIL: 100_000})])) is None
    assert capacity_problem(slow, replace(load, other_backlogs=[RunBacklog(at(10), {Channel.EMAIL: 80_000})])) is None
    problem = capacity_problem(slow, replace(load, other_backlogs=[RunBacklog(at(10), {Channel.EMAIL: 100_000})]))
    assert problem is not None
    later = [RunBacklog(at(10), {Channel.EMAIL: 80_000}), RunBacklog(at(9), {Channel.EMAIL: 20_000})]
    assert capacity_problem(slow, replace(load, other_backlogs=later)) is not None
    unlimited = window(workspace, at(8), HOUR, "1000 per second")
    assert capacity_problem(unlimited, replace(load, other_backlogs=later)) is None


def test_dl08_other_runs_count_in_the_warm_up(workspace: SampleWorkspace) -> None:
    warm_up = WarmUp(start=date(2018, 1, 8), first_day=500, growth=Decimal(2))
    warming_up = with_channels(window(workspace, at(8), 24 * HOUR, "1000 per second"), email={"warm_up": warm_up})
    load = Workload({Channel.EMAIL: 500}, other_backlogs=[RunBacklog(at(8, day=9), {Channel.EMAIL: 200})])
    assert capacity_problem(warming_up, load) is None
    problem = capacity_problem(
        warming_up, replace(load, other_backlogs=[*load.other_backlogs, RunBacklog(at(9), {Channel.EMAIL: 10})])
    )
    assert problem is not None
    assert "500 messages by email and 210 of other runs that have to go meanwhile are more than" in problem.message


def test_domain_rate_limits_a_plan(workspace: SampleWorkspace) -> None:
    plain = window(workspace, at(8), HOUR, "1000 per second")
    slow = with_channels(plain, email={"domains": {"example.org": SendRate(100, MINUTE)}})
    sends = {Channel.EMAIL: 100_000}
    assert capacity_problem(slow, Workload(sends, domains={"example.org": 5000})) is None
    problem = capacity_problem(slow, Workload(sends, domains={"example.org": 8000}))
    assert problem is not None
    assert "8000 messages to example.org need" in problem.message


def test_tw12_workload_counts_the_segments_that_members_would_get(workspace: SampleWorkspace) -> None:
    """Messages take two segments with the long template, one with the short; the ledger has the members' domains."""
    workspace.change_contact(MEMBERS[1], email="Aino@GMAIL.com")
    loads = {}
    for name in ("hello", "long"):
        run, plan_counts = workspace.plan(name, TEXTS % name)
        files = workspace.engine.run_definitions.files(run)
        campaign, offers = workspace.engine.context.repository.planned_campaign(files.definition, run.campaign)
        limited = with_channels(window(workspace, at(8), HOUR, "1 per second"), email={"domains": DOMAINS}).run_context
        run_context = replace(limited, run=run, campaign=campaign, files=files)
        with closing(FrozenFields(files.fields)) as fields, workspace.engine.context.ledger.read() as connection:
            composers = ComposerFactory(run_context, fields, offers, workspace.engine.context.clock)
            loads[name] = measure_workload(connection, run_context, plan_counts.sends, composers.sms_composer)
    assert loads["hello"] == Workload({Channel.SMS: 12, Channel.EMAIL: 12}, 12, {"gmail.com": 1, "example.org": 11})
    assert loads["long"].segments == 24


def test_letters_have_no_rate(workspace: SampleWorkspace) -> None:
    assert capacity_problem(window(workspace, at(8), MINUTE, "1 per hour"), Workload({Channel.POST: 1_000_000})) is None


def test_a15_a_plan_that_cannot_fit_is_not_started(workspace: SampleWorkspace) -> None:
    run, plan_counts = workspace.plan("letter", LETTER.replace("SEND_BY", "5 hours"))
    assert plan_counts.sent == 24
    with pytest.raises(UserError, match=r"24 messages by email need 6 h \d+ min at 4 per hour.*there are 5 h 0 min"):
        workspace.engine.run_control.start(run)
    assert (workspace.state(run), workspace.balance(run)) == ("planned", {"pending": 24})


BOTH = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30", send_by: 2 hours}
audience: {register: [owners, customers]}
channels: [%s]
content: {%s: %s}
"""


@pytest.mark.parametrize(
    ("channel", "template", "rate", "message"),
    [
        ("email", "hello", "15 per hour", "24 messages by email and 24 of other runs that have to go meanwhile need"),
        (
            "sms",
            "long",
            "32 per hour",
            "24 messages by sms of 48 segments and 48 of other runs that have to go meanwhile",
        ),
    ],
)
def test_a15_run_under_way_leaves_less_of_the_account_rate(
    workspace: SampleWorkspace, channel: str, template: str, rate: str, message: str
) -> None:
    """Each of two runs fits alone, but not both; a paused or cancelled run leaves room."""
    file = workspace.root / "config" / "settings.yaml"
    file.write_text(file.read_text("utf-8").replace(f"{channel}: {{", f"{channel}: {{rate: {rate}, ", 1), "utf-8")
    text = BOTH % (channel, channel, template)
    waiting, _ = workspace.plan("waiting", text)
    second, _ = workspace.plan("second", text)
    assert workspace.engine.forecast.capacity_problem(second) is None  # a run planned by hand may never start
    workspace.engine.run_control.start(waiting)
    with pytest.raises(UserError, match=message):
        workspace.engine.run_control.start(second)
    workspace.engine.run_control.transition(run_transitions.pause, waiting.run_id)
    assert workspace.engine.forecast.capacity_problem(second) is None
    workspace.engine.run_control.transition(run_transitions.resume, waiting.run_id)
    assert workspace.engine.forecast.capacity_problem(second) is not None
    workspace.engine.run_control.transition(run_transitions.cancel, waiting.run_id)
    workspace.engine.run_control.start(second)
    assert workspace.state(second) == "sending"


def test_a15_scheduled_run_counts_before_it_starts(workspace: SampleWorkspace) -> None:
    file = workspace.root / "config" / "settings.yaml"
    file.write_text(file.read_text("utf-8").replace("email: {", "email: {rate: 15 per hour, ", 1), "utf-8")
    text = BOTH % ("email", "email", "hello")
    workspace.write_campaign("coming", text)
    draft, _ = workspace.engine.context.repository.campaign_definition("coming")
    workspace.engine.planner.plan(draft, workspace.clock.time + MINUTE, lambda _: None, scheduled=True)
    second, _ = workspace.plan("second", text.replace("send_by: 2 hours", "send_by: 125 minutes"))
    assert "24 of other runs" in str(workspace.engine.forecast.capacity_problem(second))


def test_a15_letters_use_no_account_rate(workspace: SampleWorkspace) -> None:
    run, _ = workspace.plan(
        "letters",
        'purpose: survey\nschedule: {at: "2018-01-05 10:30"}\naudience: {register: owners}\ncontent: {post: survey}\n',
    )
    assert workspace.engine.forecast.capacity_problem(run) is None


def test_a15_plan_that_fits_is_started(workspace: SampleWorkspace) -> None:
    run = workspace.start("letter", LETTER.replace("SEND_BY", "8 hours"))
    assert workspace.state(run) == "sending"


def test_a15_plan_warns_and_send_refuses(viesti: Shell) -> None:
    viesti.write(
        "letter",
        MONDAYS.replace('"30 9 * * mon"}', '"30 9 * * mon", send_by: 1 hour}') + "limits: {rate: 4 per hour}\n",
    )
    result = viesti("plan", "letter", "--json")
    assert "warning" in result.err
    assert "[cannot_fit]" in result.err
    assert "[cannot_fit]" in viesti("send", result.json["run"], code=1).err
