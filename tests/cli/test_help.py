"""Help texts of all commands, printed without heavy imports."""

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


def commands(group: Any, *prefix: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        yield (*prefix, name), command
        if hasattr(command, "commands"):
            yield from commands(command, *prefix, name)


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_and_each_of_its_parameters_has_a_help_text(command: tuple[str, ...], nowhere: Shell) -> None:
    output = nowhere(*command, "--help").out
    assert f"Usage: viesti {' '.join(command)}" in output
    assert (COMMANDS[command].help or "").strip().endswith(".")
    assert [parameter.name for parameter in COMMANDS[command].params if not parameter.help] == []


def test_every_command_is_listed_under_a_heading_with_its_full_help(nowhere: Shell) -> None:
    output = nowhere("--help").out
    headed_names = [name for names in HEADINGS.values() for name in names]
    assert {name for (name, *rest) in COMMANDS if not rest} <= set(headed_names)
    assert "..." not in output.split("Options:")[1]
    assert all(len(line) <= 80 for line in output.splitlines())


def test_a_missing_command_exits_with_2_and_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run([])
    assert "Plan and send:" in "".join(capsys.readouterr())


@pytest.mark.child_process
def test_help_loads_nothing_heavy() -> None:
    script = f"import sys, campaigns.cli.main; print([name for name in {HEAVY} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
