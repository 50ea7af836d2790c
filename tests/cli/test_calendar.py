"""Command `calendar`: the month as its reader sees it, the volume of the last plans, and caps and rates at risk."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from campaigns.cli import month_grid, output, risk_sentences
from campaigns.cli.month_grid import name_lines
from campaigns.cli.output_phrases import Phrases
from campaigns.core.model.campaign import FrequencyCap
from campaigns.core.model.enums import Language
from campaigns.runs.capacity.cap_risks import CapRisk
from campaigns.runs.capacity.expected_sends import ExpectedSend
from tests.support.sample_workspace import SampleWorkspace
from tests.support.shell import MONDAYS, Shell

ONCE: Final = MONDAYS.replace('{cron: "30 9 * * mon"}', '{at: "2018-01-05 10:30"}')
DAILY: Final = MONDAYS.replace("30 9 * * mon", "0 9 * * *").replace("owners", "customers")

GRID: Final = """\
January 2018

Every day    at     each time
● greetings  09:00          ?

┌──────────┬──────────┬──────────┬──────────┬──────────┬──────────┬──────────┐
│Mon       │Tue       │Wed       │Thu       │Fri       │Sat       │Sun       │
├──────────┼──────────┼──────────┼──────────┼──────────┼──────────┼──────────┤
│1         │2         │3         │4         │5        !│6         │7         │
│✓ letter  │          │          │          │○ spring_ │          │          │
│10:00   18│          │          │          │invitation│          │          │
│          │          │          │          │10:30  ~18│          │          │
├──────────┼──────────┼──────────┼──────────┼──────────┼──────────┼──────────┤
│8        !│9         │10        │11        │12        │13        │14        │
│● letter  │          │          │          │          │          │          │
│09:30  ~18│          │          │          │          │          │          │
├──────────┼──────────┼──────────┼──────────┼──────────┼──────────┼──────────┤
"""
FOOT: Final = """\
│29       !│30        │31        │          │          │          │          │
│● letter  │          │          │          │          │          │          │
│09:30  ~18│          │          │          │          │          │          │
└──────────┴──────────┴──────────┴──────────┴──────────┴──────────┴──────────┘
● published   ○ draft, does not run   ✓ sent   ~ expected, from the last plan
? never planned   ! at risk

At risk
day    campaign
Fri 5  spring_invitation  about 18 members would get more than 1 message
                          (marketing) in 7 days; once drafts are published
Mon 8  letter             about 18 members would get more than 1 message
                          (marketing) in 7 days; on 4 days
Estimated from the last plan of each campaign; a text counts as one segment.
"""
WEEKS: Final = """\

Viikko 1
ma 1    ✓ letter             10:00   18
pe 5 !  ○ spring_invitation  10:30  ~18

Viikko 2
ma 8 !  ● letter  09:30  ~18
"""


@pytest.fixture(scope="module")
def planned_root(base_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Workspace with a sent weekly letter, a planned draft, and a published daily campaign. For reading only."""
    root = shutil.copytree(base_workspace, tmp_path_factory.mktemp("calendar") / "workspace")
    with closing(SampleWorkspace(root)) as workspace:
        workspace.add_setting('clock: {start: "2018-01-01 10:00"}')
        workspace.add_setting("per_member: [{messages: 1, rolling: 7 days, of: marketing}]")
        workspace.plan("spring_invitation", ONCE)
        workspace.send(workspace.start("letter", MONDAYS))
        workspace.write_campaign("greetings", DAILY)
        for name in ("letter", "greetings"):
            workspace.engine.publisher.publish(workspace.engine.context.repository.campaign_definition(name)[0])
    return root


@pytest.fixture
def planned(planned_root: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(planned_root, capsys)


@pytest.fixture
def columns(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Set the columns of the terminal by `setenv("COLUMNS", …)`."""
    output._console.cache_clear()
    yield monkeypatch
    output._console.cache_clear()


def test_a_month_of_80_columns_shows_names_volumes_drafts_and_risks(
    planned: Shell, columns: pytest.MonkeyPatch
) -> None:
    columns.setenv("COLUMNS", "80")
    out = planned("calendar").out
    assert out.startswith(GRID)
    assert out.endswith(FOOT)


@pytest.mark.parametrize("width", [72, 80, 100, 140])
def test_no_line_of_the_grid_is_wider_than_the_terminal(
    width: int, planned: Shell, columns: pytest.MonkeyPatch
) -> None:
    columns.setenv("COLUMNS", str(width))
    grid = [line for line in planned("calendar").out.splitlines() if line[:1] in set("┌│├└")]
    assert {len(line) for line in grid} == {len(grid[0])}
    assert width - 7 <= len(grid[0]) <= width


def test_a_narrow_terminal_gets_days_week_by_week_in_the_language(planned: Shell, columns: pytest.MonkeyPatch) -> None:
    columns.setenv("COLUMNS", "60")
    out = planned("calendar", "--language", "fi").out
    assert WEEKS in out
    assert "│" not in out


def test_another_month_is_shown_and_an_empty_one_says_so(planned: Shell) -> None:
    assert "Helmikuu 2018\n" in planned("calendar", "--month", "2018-02", "--language", "fi").out
    assert planned("calendar", "--month", "2017-02").out.endswith("nothing is due\n")


@pytest.mark.parametrize(
    "arguments", [("--month", "2018-13"), ("--month", "June"), ("--month", "2018-02", "--days", "3")]
)
def test_a_month_that_does_not_exist_is_a_usage_error(arguments: tuple[str, ...], planned: Shell) -> None:
    assert "Invalid value for --" in planned("calendar", *arguments, code=2).err


def test_days_are_listed_with_the_state_of_each_occasion(planned: Shell, columns: pytest.MonkeyPatch) -> None:
    columns.setenv("COLUMNS", "100")
    lines = planned("calendar", "--days", "8").out.splitlines()
    assert "Fri 2018-01-05 10:30  spring_invitation  draft      email          ~18" in lines
    assert "Mon 2018-01-08 09:30  letter             published  email          ~18" in lines
    assert lines[lines.index("At risk") - 1] == ""


def test_the_calendar_in_json_has_exactly_these_keys(planned: Shell) -> None:
    value = planned("calendar", "--json").json
    assert list(value) == ["from", "until", "occasions", "at_risk"]
    assert (value["from"], value["until"]) == ("2018-01-01T00:00:00+02:00", "2018-02-01T00:00:00+02:00")
    assert value["occasions"][0] == {
        "due": "2018-01-01T10:00:00+02:00",
        "campaign": "letter",
        "published": True,
        "daily": False,
        "state": "closed",
        "channels": ["email"],
        "messages": 18,
        "by_channel": {"email": 18},
        "plan": "letter-20180101T0800Z",
    }
    assert value["at_risk"][0] == {
        "day": "2018-01-05",
        "campaign": "spring_invitation",
        "kind": "cap",
        "cap": {"messages": 1, "rolling": "P7D", "of": "marketing"},
        "members": 18,
        "with_drafts": True,
    }


@pytest.mark.parametrize(
    ("name", "width", "lines"),
    [
        ("letter", 10, ["● letter"]),
        ("beauty_newsletter", 10, ["● beauty_", "newsletter"]),
        ("beauty_newsletter", 19, ["● beauty_newsletter"]),
        ("a_very_long_one", 10, ["● a_very_", "long_one"]),
        ("customerappreciation", 10, ["● customer", "appreciati", "on"]),
    ],
)
def test_a_name_is_broken_after_underscores(name: str, width: int, lines: list[str]) -> None:
    assert name_lines("●", name, width) == lines


@pytest.mark.parametrize(
    ("messages", "last"),
    [(1, ["10:00   ~1"]), (999, ["10:00 ~999"]), (2_201, ["10:00", "    ~2 201"]), (None, ["10:00    ?"])],
)
def test_a_day_shows_the_hour_of_an_occasion_and_its_messages_however_many(
    messages: int | None, last: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExpectedSend, "messages", messages)
    due = datetime(2018, 1, 10, 8, tzinfo=UTC)
    send = ExpectedSend(due, "letter", "marketing", None, published=True, daily=False, state=None, plan=None)
    lines = month_grid._day_lines(due.date(), due.date(), [send], 10, ZoneInfo("Europe/Helsinki"), risky=False)
    assert [line for line, _ in lines] == ["10", "● letter", *last]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (Language.EN, "about 1 member would get more than 1 message in a day"),
        (Language.FI, "noin 1 jäsen saisi enemmän kuin 1 viestin päivässä"),
        (Language.SV, "ungefär 1 medlem skulle få fler än 1 meddelande per dag"),
    ],
)
def test_one_member_at_risk_is_not_called_members(language: Language, text: str) -> None:
    risk = CapRisk(date(2018, 1, 5), "letter", FrequencyCap(messages=1, per="day"), 1, with_drafts=False)
    assert risk_sentences._sentence(risk, Phrases(language)) == text


def test_each_state_has_a_mark_a_style_and_a_meaning() -> None:
    assert set(month_grid._MARKS) == set(month_grid._STYLES) == set(month_grid._LEGEND)
