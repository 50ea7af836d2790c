"""Tiers follow from what a test uses, and the smoke table names tests that exist."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import no_network
from tests.support.tiers import SMOKE, tier_of

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("fixtures", "marks", "parameters", "tier"),
    [
        ([], [], [], "unit"),
        (["capsys", "monkeypatch"], ["hypothesis"], ["sqlite", 1], "unit"),
        (["workspace", "tmp_path"], [], ["sqlite"], "integration"),
        (["base_workspace", "tmp_path_factory"], [], [], "integration"),
        ([], ["loopback"], [], "integration"),
        ([], ["child_process"], [], "integration"),
        (["workspace", "tmp_path"], [], ["postgresql"], "e2e"),
        (["tmp_path"], ["server_process"], [], "e2e"),
        (["browser"], [], [], "e2e"),
        (["demonstration"], [], [], "e2e"),
        (["tmp_path"], ["hostile"], [], "e2e"),
        ([], ["hostile"], [], "unit"),
        ([], ["long"], [], "e2e"),
        ([], ["spark"], [], "e2e"),
    ],
)
def test_the_tier_is_the_largest_that_a_test_needs(
    fixtures: list[str], marks: list[str], parameters: list[object], tier: str
) -> None:
    assert tier_of(frozenset(fixtures), set(marks), parameters) == tier


@pytest.mark.parametrize("start", SMOKE)
def test_smoke_test_exists(start: str) -> None:
    file, _, test = start.partition("::")
    assert f"def {test.partition('[')[0]}" in (ROOT / file).read_text("utf-8")


def test_a_unit_test_starts_no_process() -> None:
    with pytest.raises(no_network.UnitTestError, match="child_process"):
        subprocess.run([sys.executable, "-c", ""], check=True)
