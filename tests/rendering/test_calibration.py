"""Calibration sheet: the windows of the print profile at actual size (PR-03)."""

import json
import re
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PageObject, PdfReader

from campaigns.core.errors import UserError
from campaigns.core.model.enums import Language
from campaigns.rendering.letters.calibration import read_profile, render_calibration_sheet
from campaigns.workspace.paths import Workspace

PROFILE = Workspace(Path(__file__).parents[2]).print_profile
WHEN = datetime(2018, 1, 10, 5, tzinfo=UTC)
MM = 72 / 25.4
STROKE = re.compile(r"q 1 0 0 -1 ([\d.]+) ([\d.]+) cm[^\n]* 0 0 m ([\d.]+) 0 l(?: ([\d.]+) ([\d.]+) l)?")


def sheet(profile: Path = PROFILE, language: Language = Language.EN) -> PageObject:
    (page,) = PdfReader(BytesIO(render_calibration_sheet(read_profile(profile, "profile.yaml"), language, WHEN))).pages
    return page


def strokes(page: PageObject) -> set[tuple[float, ...]]:
    """Return left, top, width and height of every line and rectangle, in mm from the sheet's upper left corner."""
    contents = page.get_contents()
    assert contents is not None
    boxes = set()
    for left, bottom, width, _, height in STROKE.findall(contents.get_data().decode("latin-1")):
        top = float(page.mediabox.height) - float(bottom)
        boxes.add(tuple(round(float(length) / MM, 1) for length in (left, top, width, height or 0)))
    return boxes


def profile_with(tmp_path: Path, old: str, new: str) -> Path:
    file = tmp_path / "profile.yaml"
    text = PROFILE.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")
    return file


def test_windows_and_clear_space_match_the_profile() -> None:
    assert {(18, 12, 92, 22), (18, 46, 92, 34), (14, 42, 100, 42)} <= strokes(sheet())


def test_another_profile_gives_another_sheet(tmp_path: Path) -> None:
    profile = profile_with(
        tmp_path, "{left: 18, top: 46, width: 92, height: 34}", "{left: 20.5, top: 50, width: 90, height: 30}"
    )
    assert {(20.5, 50, 90, 30), (16.5, 46, 98, 38)} <= strokes(sheet(profile))


def test_the_sheet_has_a_line_of_ten_centimetres() -> None:
    assert (30, 165, 100, 0) in strokes(sheet())


TITLES = {Language.FI: "Kohdistusarkki", Language.SV: "Kalibreringsark", Language.EN: "Calibration sheet"}


@pytest.mark.parametrize(("language", "title"), TITLES.items())
def test_the_sheet_has_instructions_in_each_language(language: Language, title: str) -> None:
    text = sheet(language=language).extract_text()
    assert title in text
    assert "4." in text


def test_the_same_profile_gives_the_same_bytes() -> None:
    profile = read_profile(PROFILE, "profile.yaml")
    first, second = (render_calibration_sheet(profile, Language.SV, WHEN) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("width: 92, height: 22", "height: 22", "7:"),
        ("quiet: 4", "quiet: near", "9:8"),
        ("sheets: 8", "sheets: 0", "6:9"),
    ],
)
def test_an_invalid_measure_is_reported_with_its_position(tmp_path: Path, old: str, new: str, place: str) -> None:
    with pytest.raises(UserError, match=f"profile.yaml:{place}"):
        read_profile(profile_with(tmp_path, old, new), "profile.yaml")


def test_a_profile_name_is_text_to_typst(tmp_path: Path) -> None:
    name = '#panic("x") "] $'
    assert (
        name.split()[0]
        in sheet(profile_with(tmp_path, "name: c5-double-window", f"name: {json.dumps(name)}")).extract_text()
    )
