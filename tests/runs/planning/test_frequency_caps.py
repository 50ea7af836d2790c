"""Frequency caps (A-07): calendar and rolling windows, across campaigns, with one claim for the last slot."""

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from campaigns.core.model.campaign import FrequencyCap
from campaigns.runs.planning.frequency_caps import window_start
from campaigns.store.runs.run_tables import DELIVERY, RUN
from tests.support.sample_workspace import MEMBERS, ManualClock, SampleWorkspace

HELSINKI: Final = ZoneInfo("Europe/Helsinki")
MARKETING: Final = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email]
content: {email: hello}
"""
SERVICE: Final = MARKETING.replace("marketing", "service")
SURVEY: Final = MARKETING.replace("marketing", "survey")
HALF_PAST_ELEVEN: Final = datetime(2018, 1, 1, 21, 30, tzinfo=UTC)
DAY: Final = "{messages: 1, per: day}"
ROLLING: Final = "{messages: 1, rolling: 24 hours}"


def capped(cap: str, text: str = MARKETING) -> str:
    return f"{text}limits: {{per_member: {cap}}}\n"


def send_to_all(workspace: SampleWorkspace, text: str = MARKETING, name: str = "earlier") -> None:
    """Send every member a message now."""
    workspace.send(workspace.start(name, text))


def is_capped(workspace: SampleWorkspace, text: str, name: str = "next") -> bool:
    """Return whether the cap stops a further message; it must treat all members alike."""
    run, plan_counts = workspace.plan(name, text, workspace.clock.time)
    assert set(workspace.skips(run).values()) <= {"frequency_cap"}
    assert plan_counts.skipped in {0, plan_counts.matched}
    return plan_counts.skipped > 0


# name: cap, hours from 23:30 to the next message, whether the cap stops it
SPANS = {
    "a day, an hour later and after midnight": (DAY, 1.0, False),
    "a day, twenty minutes later": (DAY, 1 / 3, True),
    "24 hours, an hour later and after midnight": (ROLLING, 1.0, True),
    "24 hours, a minute before they have passed": (ROLLING, 24 - 1 / 60, True),
    "24 hours, a minute after they have passed": (ROLLING, 24 + 1 / 60, False),
    "a week, on its Sunday": ("{messages: 1, per: week}", 6 * 24.0, True),
    "a week, on the next Monday": ("{messages: 1, per: week}", 6 * 24 + 0.5, False),
    "a month, on its last day": ("{messages: 1, per: month}", 30 * 24.0, True),
    "a month, on the first of the next": ("{messages: 1, per: month}", 30 * 24 + 0.5, False),
    "two a day": ("{messages: 2, per: day}", 1 / 3, False),
}


@pytest.mark.long
@pytest.mark.parametrize(("cap", "hours", "expected"), SPANS.values(), ids=SPANS)
def test_a07_calendar_and_rolling_windows_are_distinct(
    workspace: SampleWorkspace, cap: str, hours: float, *, expected: bool
) -> None:
    workspace.clock.time = HALF_PAST_ELEVEN
    send_to_all(workspace)
    workspace.clock.advance(hours=hours)
    assert is_capped(workspace, capped(cap)) is expected


# 29 March 2026 has 23 hours in Helsinki, 25 October has 25.
WINDOWS = {
    "the short day": ("day", "2026-03-29 12:00", "2026-03-29 00:00+02:00"),
    "its last minute": ("day", "2026-03-29 23:59", "2026-03-29 00:00+02:00"),
    "the day after the short day": ("day", "2026-03-30 00:00", "2026-03-30 00:00+03:00"),
    "the long day": ("day", "2026-10-25 23:59", "2026-10-25 00:00+03:00"),
    "the week of the short day": ("week", "2026-03-29 12:00", "2026-03-23 00:00+02:00"),
    "the week of the long day": ("week", "2026-10-25 12:00", "2026-10-19 00:00+03:00"),
    "the month of the short day": ("month", "2026-03-31 12:00", "2026-03-01 00:00+02:00"),
    "the month of the long day": ("month", "2026-10-31 12:00", "2026-10-01 00:00+03:00"),
}


@pytest.mark.parametrize(("per", "moment", "start"), WINDOWS.values(), ids=WINDOWS)
def test_a07_calendar_windows_follow_the_local_day_when_the_clocks_change(per: str, moment: str, start: str) -> None:
    local = datetime.fromisoformat(moment).replace(tzinfo=HELSINKI).astimezone(UTC)
    cap = FrequencyCap.model_validate({"messages": 1, "per": per})
    assert window_start(cap, local, HELSINKI) == datetime.fromisoformat(start)


def test_a07_rolling_day_has_24_hours_when_the_clocks_change() -> None:
    local = datetime(2026, 3, 29, 12, tzinfo=HELSINKI).astimezone(UTC)
    cap = FrequencyCap.model_validate({"messages": 1, "rolling": "24 hours"})
    assert local - window_start(cap, local, HELSINKI) == timedelta(hours=24)


@pytest.mark.parametrize(
    ("cap", "expected"), [("{messages: 1, per: month}", False), ("{messages: 1, rolling: 30 days}", True)]
)
def test_a09_monthly_cap_ends_with_the_calendar_month_not_after_30_days(
    workspace: SampleWorkspace, cap: str, *, expected: bool
) -> None:
    """Between 15 February and 15 March are 28 days."""
    workspace.clock.time = datetime(2018, 2, 15, 8, 30, tzinfo=UTC)
    send_to_all(workspace, name="monthly")
    workspace.clock.advance(days=28)
    assert workspace.clock.time.date().isoformat() == "2018-03-15"
    assert is_capped(workspace, capped(cap), "monthly") is expected


def test_a07_the_most_restrictive_cap_wins(workspace: SampleWorkspace) -> None:
    workspace.add_setting("per_member:\n  - {messages: 5, per: day}\n  - {messages: 1, rolling: 7 days}")
    send_to_all(workspace)
    workspace.clock.advance(days=2)
    assert is_capped(workspace, MARKETING)
    assert is_capped(workspace, capped("{messages: 9, per: day}"), "generous")


def test_a07_a_cap_of_one_purpose_counts_that_purpose_only(workspace: SampleWorkspace) -> None:
    send_to_all(workspace, SURVEY)
    workspace.clock.advance(hours=1)
    assert not is_capped(workspace, capped("{messages: 1, per: day, of: marketing}"))
    assert is_capped(workspace, capped("{messages: 1, per: day}"), "any")


def test_a07_service_messages_neither_obey_caps_nor_count(workspace: SampleWorkspace) -> None:
    workspace.add_setting(f"per_member: [{DAY}]")
    send_to_all(workspace, SERVICE, "first")
    send_to_all(workspace)
    workspace.clock.advance(minutes=10)
    assert not is_capped(workspace, SERVICE, "second")
    assert is_capped(workspace, MARKETING)


def test_a07_plan_of_a_past_moment_does_not_count_later_messages(workspace: SampleWorkspace) -> None:
    past = workspace.clock.time
    workspace.clock.advance(minutes=10)
    send_to_all(workspace)
    run, _ = workspace.plan("next", capped(DAY), past)
    assert workspace.skips(run) == {}
    assert is_capped(workspace, capped(DAY))


def test_a07_plan_counts_the_messages_of_its_own_minute(workspace: SampleWorkspace) -> None:
    """`--as-of` is cut to the minute; the claim would withdraw what such a plan promised."""
    minute = workspace.clock.time
    workspace.clock.advance(seconds=10)
    send_to_all(workspace)
    run, _ = workspace.plan("next", capped(DAY), minute)
    assert set(workspace.skips(run).values()) == {"frequency_cap"}


STATES = {
    "pending": True,
    "sending": True,
    "accepted": True,
    "uncertain": True,
    "refused": False,
    "withdrawn": False,
    "expired": False,
}


@pytest.mark.parametrize(("state", "counts"), STATES.items())
def test_a07_unsent_deliveries_do_not_count(workspace: SampleWorkspace, state: str, *, counts: bool) -> None:
    workspace.start("earlier", MARKETING)
    with workspace.engine.context.ledger.write() as connection:
        connection.execute(
            update(DELIVERY).values(state=state, claimed_at=workspace.clock.time, ended_at=workspace.clock.time)
        )
    workspace.clock.advance(minutes=10)
    assert is_capped(workspace, capped(DAY)) is counts


def _send(root: Path, run_id: str, at: datetime) -> None:
    workspace = SampleWorkspace(root, ManualClock(at))
    workspace.engine.sender.send(run_id, lambda _: None)
    workspace.close()


@pytest.mark.long
def test_a07_two_processes_cannot_both_take_the_last_slot(workspace: SampleWorkspace) -> None:
    """Both runs are planned before either sends, so that only the claims can keep the cap."""
    names = ("one", "other")
    for name in names:
        workspace.write_campaign(name, capped(DAY))
    planned = [workspace.plan(name)[0] for name in names]
    for run in planned:
        workspace.engine.run_control.start(run)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        for future in [processes.submit(_send, workspace.root, run.run_id, workspace.clock.time) for run in planned]:
            future.result()
    with workspace.engine.context.ledger.read() as connection:
        rows = connection.execute(select(DELIVERY.c.member_id, DELIVERY.c.state, DELIVERY.c.reason)).all()
        states = set(connection.execute(select(RUN.c.state)).scalars())
    assert states == {"closed"}
    assert Counter(row.member_id for row in rows if row.state == "accepted") == dict.fromkeys(MEMBERS, 1)
    assert Counter((row.state, row.reason) for row in rows if row.state != "accepted") == {
        ("withdrawn", "frequency_cap"): len(MEMBERS)
    }
