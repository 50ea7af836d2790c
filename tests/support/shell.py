"""The command line in a village: words in, exit code and what was printed out, in this process."""

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
    """What a command line came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Shell:
    """A workspace, and somebody who types commands in it."""

    root: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: str | Path, code: int = 0) -> CommandResult:
        """Run `viesti` in the workspace; it has to end with `code`."""
        with pytest.raises(SystemExit) as ended:
            run(["--workspace", str(self.root), *map(str, words)])
        said = self.capsys.readouterr()
        answer = CommandResult(int(ended.value.code or 0), said.out, said.err)
        assert answer.code == code, answer
        return answer

    def write(self, name: str, text: str) -> Path:
        """Write a campaign file; without a title it gets one."""
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
        """Every file that was delivered."""
        return sorted(path for path in (self.root / "outbox").rglob("*") if path.is_file())

    def stored_state(self) -> tuple[list[str], bytes]:
        """All that the ledger and the warehouse's manifest say."""
        with closing(sqlite3.connect(self.root / "data" / "ledger.sqlite")) as ledger:
            rows = list(ledger.iterdump())
        return rows, (self.root / "data" / "warehouse" / "manifest.json").read_bytes()


@pytest.fixture
def nowhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A shell where there is no workspace."""
    return Shell(tmp_path, capsys)


@pytest.fixture
def viesti(base_workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    root = tmp_path / "workspace"
    copytree(base_workspace, root)
    settings = root / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8") + 'clock: {start: "2018-01-01 10:00"}\n', "utf-8")
    return Shell(root, capsys)
