"""Command line in a sample workspace, run in this process: arguments in, exit code and output out."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from typing import Any, Final

import pytest

from campaigns.cli.main import run

TITLE: Final = "title: {fi: Hei, sv: Hej, en: Hello}\n"
MONDAYS: Final = """\
purpose: marketing
schedule: {cron: "30 9 * * mon"}
audience: {register: owners}
content: {email: hello}
"""


@dataclass(frozen=True)
class CommandResult:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Shell:
    """Command line in one workspace."""

    root: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str | Path, code: int = 0) -> CommandResult:
        """Run `viesti` in the workspace and assert its exit code."""
        with pytest.raises(SystemExit) as exit_:
            run(["--workspace", str(self.root), *map(str, arguments)])
        captured = self.capsys.readouterr()
        result = CommandResult(int(exit_.value.code or 0), captured.out, captured.err)
        assert result.code == code, result
        return result

    def write(self, name: str, text: str) -> Path:
        """Write a campaign file, with a title added if it has none."""
        path = self.root / "config" / "campaigns" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text if text.startswith("title:") else TITLE + text, "utf-8")
        return path

    def audience(self, name: str, rule: str) -> Path:
        """Write an audience file."""
        path = self.root / "config" / "audiences" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"title: Somebody\nmatch: {rule}\n", "utf-8")
        return path

    def delivered_files(self) -> list[Path]:
        """Return every delivered file."""
        return sorted(path for path in (self.root / "outbox").rglob("*") if path.is_file())

    def stored_state(self) -> tuple[list[str], bytes]:
        """Return the contents of the ledger and of the warehouse's manifest."""
        with closing(sqlite3.connect(self.root / "data" / "ledger.sqlite")) as ledger:
            rows = list(ledger.iterdump())
        return rows, (self.root / "data" / "warehouse" / "manifest.json").read_bytes()


@pytest.fixture
def nowhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Shell in a folder without a workspace."""
    return Shell(tmp_path, capsys)


@pytest.fixture
def viesti(base_workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    root = tmp_path / "workspace"
    copytree(base_workspace, root)
    settings = root / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8") + 'clock: {start: "2018-01-01 10:00"}\n', "utf-8")
    return Shell(root, capsys)
