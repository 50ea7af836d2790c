"""Every command explains itself, and asking for that loads nothing heavy."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from campaigns.cli.help_layout import HEADINGS
from campaigns.cli.main import app, run
from tests.support.shell import Shell

HEAVY = ("aiohttp", "alembic", "babel", "duckdb", "fastapi", "jinja2", "mjml", "phonenumbers", "pyarrow", "pydantic",
         "rich.table", "sqlalchemy", "sqlglot", "typst")  # fmt: skip


def commands(group: Any, *before: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        yield (*before, name), command
        if hasattr(command, "commands"):
            yield from commands(command, *before, name)


ALL = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_a_command_says_what_it_does_and_what_each_word_of_it_means(words: tuple[str, ...], nowhere: Shell) -> None:
    shown = nowhere(*words, "--help").out
    assert f"Usage: viesti {' '.join(words)}" in shown
    assert (ALL[words].help or "").strip().endswith(".")
    assert [parameter.name for parameter in ALL[words].params if not parameter.help] == []


def test_every_command_stands_under_a_heading_with_its_whole_sentence(nowhere: Shell) -> None:
    shown = nowhere("--help").out
    listed = [name for names in HEADINGS.values() for name in names]
    assert {name for (name, *rest) in ALL if not rest} <= set(listed)
    assert "..." not in shown.split("Options:")[1]
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_no_command_at_all_is_usage_and_shows_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run([])
    assert "Plan and send:" in "".join(capsys.readouterr())


@pytest.mark.child_process
def test_help_loads_nothing_heavy() -> None:
    asked = f"import sys, campaigns.cli.main; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
