"""How much a member hears (A-07): calendar and rolling caps, across campaigns, and nobody gets the last slot twice."""

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


def heard(workspace: SampleWorkspace, text: str = MARKETING, name: str = "heard") -> None:
    """Everybody gets a message at this moment."""
    workspace.send(workspace.start(name, text))


def refused(workspace: SampleWorkspace, text: str, name: str = "next") -> bool:
    """Whether the cap keeps all from a further message, all alike."""
    run, tally = workspace.plan(name, text, workspace.clock.time)
    assert set(workspace.skips(run).values()) <= {"frequency_cap"}
    assert tally.skipped in {0, tally.matched}
    return tally.skipped > 0


# name: cap, the hours from 23:30 to the further message, whether it is refused
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


@pytest.mark.parametrize(("cap", "hours", "is_refused"), SPANS.values(), ids=SPANS)
def test_a07_calendar_and_rolling_spans_are_distinct(
    workspace: SampleWorkspace, cap: str, hours: float, *, is_refused: bool
) -> None:
    workspace.clock.time = HALF_PAST_ELEVEN
    heard(workspace)
    workspace.clock.advance(hours=hours)
    assert refused(workspace, capped(cap)) is is_refused


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
def test_a07_days_are_those_of_the_calendar_also_when_the_clocks_change(per: str, moment: str, start: str) -> None:
    local = datetime.fromisoformat(moment).replace(tzinfo=HELSINKI).astimezone(UTC)
    cap = FrequencyCap.model_validate({"messages": 1, "per": per})
    assert window_start(cap, local, HELSINKI) == datetime.fromisoformat(start)


def test_a07_a_rolling_day_has_24_hours_also_when_the_clocks_change() -> None:
    local = datetime(2026, 3, 29, 12, tzinfo=HELSINKI).astimezone(UTC)
    cap = FrequencyCap.model_validate({"messages": 1, "rolling": "24 hours"})
    assert local - window_start(cap, local, HELSINKI) == timedelta(hours=24)


@pytest.mark.parametrize(
    ("cap", "is_refused"), [("{messages: 1, per: month}", False), ("{messages: 1, rolling: 30 days}", True)]
)
def test_a09_a_monthly_campaign_comes_again_by_the_calendar_and_not_within_30_days(
    workspace: SampleWorkspace, cap: str, *, is_refused: bool
) -> None:
    """From 15 February to 15 March are 28 days."""
    workspace.clock.time = datetime(2018, 2, 15, 8, 30, tzinfo=UTC)
    heard(workspace, name="monthly")
    workspace.clock.advance(days=28)
    assert workspace.clock.time.date().isoformat() == "2018-03-15"
    assert refused(workspace, capped(cap), "monthly") is is_refused


def test_a07_the_most_restrictive_cap_wins(workspace: SampleWorkspace) -> None:
    workspace.add_setting("per_member:\n  - {messages: 5, per: day}\n  - {messages: 1, rolling: 7 days}")
    heard(workspace)
    workspace.clock.advance(days=2)
    assert refused(workspace, MARKETING)
    assert refused(workspace, capped("{messages: 9, per: day}"), "generous")


def test_a07_a_cap_of_one_purpose_counts_that_purpose_only(workspace: SampleWorkspace) -> None:
    heard(workspace, SURVEY)
    workspace.clock.advance(hours=1)
    assert not refused(workspace, capped("{messages: 1, per: day, of: marketing}"))
    assert refused(workspace, capped("{messages: 1, per: day}"), "any")


def test_a07_service_neither_obeys_nor_counts(workspace: SampleWorkspace) -> None:
    workspace.add_setting(f"per_member: [{DAY}]")
    heard(workspace, SERVICE, "first")
    heard(workspace)
    workspace.clock.advance(minutes=10)
    assert not refused(workspace, SERVICE, "second")
    assert refused(workspace, MARKETING)


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
def test_a07_what_was_not_said_does_not_count(workspace: SampleWorkspace, state: str, *, counts: bool) -> None:
    workspace.start("heard", MARKETING)
    with workspace.engine.context.ledger.write() as connection:
        connection.execute(
            update(DELIVERY).values(state=state, claimed_at=workspace.clock.time, ended_at=workspace.clock.time)
        )
    workspace.clock.advance(minutes=10)
    assert refused(workspace, capped(DAY)) is counts


def _send(root: Path, run_id: str, at: datetime) -> None:
    workspace = SampleWorkspace(root, ManualClock(at))
    workspace.engine.sender.send(run_id, lambda _: None)
    workspace.close()


def test_a07_two_processes_cannot_both_take_the_last_slot(workspace: SampleWorkspace) -> None:
    """Both runs were planned before either spoke, so that only the claims can keep the cap."""
    names = ("one", "other")
    for name in names:
        workspace.write_campaign(name, capped(DAY))
    planned = [workspace.plan(name)[0] for name in names]
    for run in planned:
        workspace.engine.run_control.start(run)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        for done in [processes.submit(_send, workspace.root, run.run_id, workspace.clock.time) for run in planned]:
            done.result()
    with workspace.engine.context.ledger.read() as connection:
        rows = connection.execute(select(DELIVERY.c.member_id, DELIVERY.c.state, DELIVERY.c.reason)).all()
        states = set(connection.execute(select(RUN.c.state)).scalars())
    assert states == {"closed"}
    assert Counter(row.member_id for row in rows if row.state == "accepted") == dict.fromkeys(MEMBERS, 1)
    assert Counter((row.state, row.reason) for row in rows if row.state != "accepted") == {
        ("withdrawn", "frequency_cap"): len(MEMBERS)
    }
