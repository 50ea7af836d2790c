"""Somebody who types commands in a village whose clock stands at New Year."""

from pathlib import Path
from shutil import copytree

import pytest

from tests.cli.conftest import Shell


@pytest.fixture
def viesti(founded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    root = copytree(founded, tmp_path / "village")
    settings = root / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8") + 'clock: {start: "2018-01-01 10:00"}\n', "utf-8")
    return Shell(root, capsys)
