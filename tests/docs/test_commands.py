"""The commands page describes every command with its arguments and options, and no others."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer

from campaigns.cli.help_layout import HEADINGS
from campaigns.cli.main import app

PAGE: Final = (Path(__file__).parents[2] / "docs" / "commands.md").read_text("utf-8")
SECTIONS: Final = dict(re.findall(r"^### `viesti (.*?)`\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))


def _leaves(group: Any, *before: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _leaves(command, *before, name)
        else:
            yield " ".join((*before, name)), command


COMMANDS: Final = dict(_leaves(typer.main.get_command(app)))


def _usage(name: str) -> str:
    return " ".join(
        [
            name,
            *(_argument(parameter) for parameter in COMMANDS[name].params if parameter.param_type_name == "argument"),
        ]
    )


def _argument(argument: Any) -> str:
    word = argument.metavar if argument.required else f"[{argument.metavar}]"
    return word if argument.nargs == 1 else f"{word}..."


def test_page_has_a_section_for_each_command() -> None:
    assert sorted(SECTIONS) == sorted(map(_usage, COMMANDS))


@pytest.mark.parametrize("name", COMMANDS)
def test_section_names_the_options_of_its_command(name: str) -> None:
    parameters = COMMANDS[name].params
    options = {option for each in parameters if each.param_type_name == "option" for option in each.opts}
    assert set(re.findall(r"`(--[\w-]+)", SECTIONS[_usage(name)])) == options


def test_headings_are_those_of_help() -> None:
    assert re.findall(r"^## (.*)$", PAGE, re.MULTILINE) == list(HEADINGS)
