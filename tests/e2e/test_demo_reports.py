"""Report and calendar of the demonstration, as a marketer reads them after the first campaign."""

import shutil
from pathlib import Path
from typing import Final

import pytest

from campaigns.cli import output
from tests.support.shell import Shell

CLICKS: Final = """\
Clicks in e-mails
variant  delivered  trackable  clicked  click rate
cheese         106         13        0        0.0%
grill           61          9        0        0.0%
all            167         22        0        0.0%
"""
FIRST_WEEKS: Final = """\
Tammikuu 2018

Joka päivä  kello  kerralla
○ birthday  09:00         ?
○ win_back  10:15         ?

┌──────────┬──────────┬──────────┬──────────┬──────────┬──────────┬──────────┐
│ma        │ti        │ke        │to        │pe        │la        │su        │
├──────────┼──────────┼──────────┼──────────┼──────────┼──────────┼──────────┤
│1         │2         │3         │4         │5         │6         │7         │
│✓ weekend_│          │          │          │○ weekend_│          │          │
│offer     │          │          │          │offer     │          │          │
│10:00  323│          │          │          │10:30 ~323│          │          │
├──────────┼──────────┼──────────┼──────────┼──────────┼──────────┼──────────┤
│8         │9         │10        │11        │12        │13        │14        │
│○ beauty_ │○ service_│○ owner_  │○ bonus_  │          │          │          │
│newsletter│survey    │post      │paid      │          │          │          │
│09:30    ?│09:00    ?│07:00    ?│12:00    ?│          │          │          │
│○ partner_│          │          │          │          │          │          │
│hotel     │          │          │          │          │          │          │
│12:00    ?│          │          │          │          │          │          │
"""


def test_the_first_campaign_is_in_report_and_calendar(
    demonstration: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    viesti = Shell(shutil.copytree(demonstration, tmp_path / "workspace"), capsys)
    viesti("run", "weekend_offer", "--as-of", "2018-01-01T10:00")
    assert CLICKS in viesti("report", "weekend_offer").out
    monkeypatch.setenv("COLUMNS", "80")
    output._console.cache_clear()
    assert viesti("calendar", "--language", "fi").out.startswith(FIRST_WEEKS)
    output._console.cache_clear()
