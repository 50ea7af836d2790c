"""The first hour with files of other systems: 3,000 members, 60,000 lines, from `init` to a plan by the page alone."""

import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from campaigns.core.clock import Clock
from tests.support import messy_files
from tests.support.first_hour_page import CommandStep, FileStep, ProposalStep, Step, steps

VIESTI: Final = (sys.executable, "-c", "from campaigns.cli.main import run; run()")
DESCRIPTIONS: Final = (
    "CSV in Windows-1252, separated by semicolons",
    "CSV in UTF-16, separated by tabs",
    "an Excel workbook, sheet `Tuotteet`",
    "CSV in Windows-1252, separated by vertical bars",  # Latin-1 has the same letters
)
MAX_SECONDS: Final = 60


def steps_to_a_plan() -> Iterator[Step]:
    """Yield the steps of the page up to its plan."""
    for step in steps():
        yield step
        if isinstance(step, CommandStep) and step.words[1] == "plan":
            return


def write_messy(name: str, folder: Path, today: date) -> bool:
    """Write a system's file under the name of the page's small one; return whether there is such a file."""
    path = folder / name
    match name:
        case "asiakkaat.csv":
            messy_files.write_text(path, messy_files.members(today), "cp1252", ";")
        case "luvat.csv":
            messy_files.write_text(path, messy_files.permissions(today), "utf-16", "\t")
        case "tuotteet.csv":
            messy_files.write_workbook(path, messy_files.products())
        case "ostot.csv":
            messy_files.write_text(path, messy_files.purchases(today), "latin-1", "|")
        case _:
            return False
    return True


@pytest.mark.long
@pytest.mark.child_process
def test_files_of_other_systems_lead_to_a_plan_in_a_minute_of_processor_time(tmp_path: Path) -> None:
    today = Clock().now().astimezone(ZoneInfo("Europe/Helsinki")).date()
    folder, printed, before = tmp_path, "", _seconds()
    for step in steps_to_a_plan():
        if isinstance(step, FileStep):
            if not write_messy(step.name, folder, today):
                step.write(folder)
        elif isinstance(step, ProposalStep):
            continue
        elif step.words[0] == "cd":
            folder /= step.words[1]
        else:
            done = subprocess.run(
                [*VIESTI, *step.words[1:]], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8"
            )
            assert done.returncode == 0, (step.text, done.stdout, done.stderr)
            printed += done.stdout + done.stderr
    seconds = _seconds() - before
    for description in DESCRIPTIONS:
        assert f"this is {description}\n" in printed
    assert f"{messy_files.MEMBERS} rows: {messy_files.MEMBERS} stored, 0 unchanged, 0 rejected" in printed
    assert f"{messy_files.LINES} rows: {messy_files.LINES} stored, 0 unchanged, 0 rejected" in printed
    assert re.search(rf"to be sent\s+{messy_files.SUBSCRIBERS // 1000} {messy_files.SUBSCRIBERS % 1000}\b", printed)
    assert seconds < MAX_SECONDS, f"{seconds:.0f} seconds of processor time"


def _seconds() -> float:
    """Return the processor time of the processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_the_files_are_as_large_as_promised() -> None:
    assert len(list(messy_files.members(date(2025, 1, 1)))) == messy_files.MEMBERS + 1
    assert sum(row[2] == "Kyllä" for row in messy_files.permissions(date(2025, 1, 1))) == messy_files.SUBSCRIBERS
    assert list(messy_files.products()) == list(messy_files.products())
