"""Writer of docs/commands.md: usage, help and options from the command line, prose from commands_prose.md.

`make commands` runs it; `tests/docs/test_commands.py` holds the page equal to what it returns.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import typer

from campaigns.cli.help_layout import HEADINGS
from campaigns.cli.main import app

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "commands.md"
PROSE: Final = Path(__file__).with_name("commands_prose.md")
SHARED_OPTIONS: Final = ("--as-of", "--json")  # explained once, at the head of the page
_ORIGIN: Final = "<!-- Written by `make commands`: edit tools/commands_prose.md, or the help of a command. -->"
_SECTION: Final = re.compile(r"^### ([^\n]+)\n(.*?)(?=^### |\Z)", re.MULTILINE | re.DOTALL)
_NOTES: Final = re.compile(r"\s*\[([^\]]*)\]$")
_TYPE: Final = re.compile(r"<(?:list\[)?([^\]>]*)\]?>")


def commands() -> dict[str, Any]:
    """Return every command by its words, in the order of the headings."""
    root = typer.main.get_command(app)
    return {
        words: command for name in root.list_commands(None) for words, command in _leaves(name, root.commands[name])
    }


def page() -> str:
    """Return the page; raise ValueError when the prose names other commands than the command line has."""
    prose = PROSE.read_text("utf-8")
    sections = {words: text.strip() for words, text in _SECTION.findall(prose)}
    unmatched = sorted(sections.keys() ^ commands().keys())
    if unmatched:
        raise ValueError(f"{PROSE.name} and the command line do not name the same commands: {', '.join(unmatched)}")
    introduction = prose.partition("\n### ")[0].strip()
    parts = [_ORIGIN, introduction, *_headed(sections)]
    return "\n\n".join(parts) + "\n"


def _leaves(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield words, command
        return
    for name, child in command.commands.items():
        yield from _leaves(f"{words} {name}", child)


def _headed(sections: Mapping[str, str]) -> Iterator[str]:
    for heading, names in HEADINGS.items():
        yield f"## {heading}"
        for words, command in commands().items():
            if words.split()[0] in names:
                parts = [f"### `viesti {_usage(words, command)}`", command.help, sections[words], *_options(command)]
                yield "\n\n".join(part for part in parts if part)


def _usage(words: str, command: Any) -> str:
    return " ".join([words, *(_argument(each) for each in command.params if each.param_type_name == "argument")])


def _argument(argument: Any) -> str:
    name = argument.metavar if argument.required else f"[{argument.metavar}]"
    return name if argument.nargs == 1 else f"{name}..."


def _options(command: Any) -> Iterator[str]:
    """Return the table of a command's own arguments and options, then the shared options that it takes."""
    context = command.make_context("", [], resilient_parsing=True)
    shared = [each for each in command.params if each.opts[0] in SHARED_OPTIONS]
    rows = [_row(each, context) for each in command.params if each not in shared]
    if rows:
        yield "\n".join(["| argument or option | |", "|---|---|", *rows])
    if shared:
        names = ", ".join(f"`{_label(each, context)}`" for each in shared)
        yield f"Shared options: {names}."


def _row(parameter: Any, context: Any) -> str:
    help_text = parameter.help.replace("|", "\\|")
    sentences = [help_text, *_notes(parameter, context)]
    label = _label(parameter, context).replace("|", "\\|")
    return f"| `{label}` | {' '.join(sentences)} |"


def _label(parameter: Any, context: Any) -> str:
    """Return how a parameter is typed: `FILE`, `--open`, `--days DAYS`, `--language fi|sv|en`."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar)
    option = parameter.opts[0]
    if parameter.is_flag:
        return str(option)
    choices = _choices(parameter, context)
    return f"{option} {parameter.metavar or choices or option.removeprefix('--').upper()}"


def _choices(parameter: Any, context: Any) -> str:
    """Return the words that a parameter takes, divided by `|`; nothing when it takes any."""
    match = _TYPE.search(parameter.get_help_record(context)[0])
    return match[1] if match and "|" in match[1] else ""


def _notes(parameter: Any, context: Any) -> Iterator[str]:
    """Return sentences about choices, default and range, as the help of the command line has them."""
    choices = _choices(parameter, context)
    if parameter.metavar and choices:
        yield "One of " + ", ".join(f"`{choice}`" for choice in choices.split("|")) + "."
    match = _NOTES.search(parameter.get_help_record(context)[1])
    for note in match[1].split("; ") if match else ():
        if note.startswith("default: "):
            yield f"Default: `{note.removeprefix('default: ')}`."
        elif note == "required" and parameter.param_type_name == "option":
            yield "Required."
        elif between := re.fullmatch(r"(\d+)<=x<=(\d+)", note):
            yield f"From {between[1]} to {between[2]}."


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
