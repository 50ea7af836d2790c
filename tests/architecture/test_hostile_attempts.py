"""Hostile suite: the tests marked `hostile`, each an attempt with a name of its own."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

_ROOT: Final = Path(__file__).parents[2]
_LEAST_ATTEMPTS: Final = 250
_MARK: Final = "pytest.mark." + "hostile"


@pytest.mark.long
@pytest.mark.child_process
def test_the_hostile_suite_has_at_least_250_named_attempts() -> None:
    modules = [str(path) for path in sorted((_ROOT / "tests").rglob("test_*.py")) if _MARK in path.read_text("utf-8")]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "hostile", "-p", "no:cacheprovider"]
    result = subprocess.run([*command, *modules], cwd=_ROOT, capture_output=True, text=True, check=False)
    attempts = [line for line in result.stdout.splitlines() if "::" in line]
    assert len(set(attempts)) >= _LEAST_ATTEMPTS, result.stdout[-2000:]
