"""Command lines in the docs: each parses, and each complete one runs on the demonstration."""

import re
import shutil
from pathlib import Path
from typing import Any, Final

import pytest
import typer

from campaigns.cli.main import app, run
from tests.support.docs_pages import ROOT, CommandLine, command_lines

LINES: Final = tuple(dict.fromkeys(command_lines()))
TESTED_ELSEWHERE: Final = ("demo", "serve", "worker", "init", "ledger", "db")  # they need more than a demo
PAGES_TESTED_ELSEWHERE: Final = ("first-hour.md",)  # word for word: first_hour/test_first_hour_page.py
TO_RUN: Final = [
    line
    for line in LINES
    if line.shown
    and line.is_whole
    and line.words[0] not in TESTED_ELSEWHERE
    and line.page not in PAGES_TESTED_ELSEWHERE
]
_HINTED: Final = re.compile(r"`viesti ((?:[a-z]+(?:-[a-z]+)* ?)+)")
HINTS: Final = sorted(
    {
        (path.name, words.strip())
        for path in (ROOT / "campaigns").rglob("*.py")
        for words in _HINTED.findall(path.read_text("utf-8"))
    }
)


def _command(words: list[str]) -> tuple[Any, list[str]]:
    """Return the command at the beginning of the words, and the remaining words."""
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands") and words and words[0] in command.commands:
        command, words = command.commands[words[0]], words[1:]
    return command, words


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.page}: {line.text}")
def test_command_line_parses(line: CommandLine) -> None:
    words = line.words[2:] if line.words[0] == "--workspace" else line.words
    if words[0] in {"COMMAND", "…"} or words == ["--help"]:
        return
    names = words[0].split("|")
    for name in names:
        command, rest = _command([name, *words[1:]])
        assert command.name not in {None, "viesti"}, f"there is no `viesti {name}`"
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        assert {word for word in rest if word.startswith("--")} <= known
        if line.is_whole and line.shown:
            command.make_context(name, list(rest))


@pytest.mark.parametrize(("file", "hint"), HINTS, ids=str)
def test_command_named_in_a_hint_exists(file: str, hint: str) -> None:
    command, rest = _command(hint.split())
    assert command.name != "viesti", f"there is no `viesti {hint}`"
    assert rest == [] or not hasattr(command, "commands")


@pytest.fixture(scope="module")
def workspace(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("docs") / "workspace"
    shutil.copytree(demonstration, root)
    return root


@pytest.mark.parametrize("line", TO_RUN, ids=lambda line: line.text)
def test_command_line_runs_on_the_demonstration(line: CommandLine, workspace: Path) -> None:
    with pytest.raises(SystemExit, match="0"):
        run(["--workspace", str(workspace), *line.words])
