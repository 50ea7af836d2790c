"""Messages for YAML syntax errors, chosen by the text at the place and not by the parser's message."""

import re

from campaigns.core.errors import FilePosition, Problem
from campaigns.core.yaml.tree import Position

_RESERVED = "@`%"
_ODD_SPACES = frozenset("\u00a0\u2007\u202f")
_KEY = re.compile(r" *([A-Za-z_]+)(?::(?![ /])| *=)\s*(\S.*)")


def syntax_problem(file: str, text: str, position: Position, opened_at: Position | None) -> Problem:
    """Return the problem of text that cannot be parsed at `position`; the unfinished part began at `opened_at`."""
    character, opening = _character(text, position), _character(text, opened_at) if opened_at else ""
    if "\t" in _indentation(text, position) or character == "\t":
        return _problem(file, position, "a tab stands where only spaces may", "use spaces, two for each level", "tab")
    if character == "!":
        return tag_problem(file, position)
    if opened_at and opening in ("'", '"'):
        return _quoted(file, text, position, opened_at)
    if opened_at and opening in ("[", "{") and not (character == ":" and position[0] == opened_at[0]):
        end = "]" if opening == "[" else "}"
        hint = f"add a `{end}`, or a comma between two parts"
        return _problem(file, opened_at, f"this `{opening}` is not closed", hint)
    if opened_at and opened_at[0] < position[0] and (problem := _key_without_colon(file, text, opened_at)):
        return problem
    return _unquoted(file, character, position)


def tag_problem(file: str, position: Position) -> Problem:
    """Return the problem of a tag such as `!!python/object`; no file here needs one."""
    hint = "leave the tag out, or put quotes round a text that begins with `!`"
    return _problem(file, position, "tags (`!...`) are not read here", hint, "tag")


def _quoted(file: str, text: str, position: Position, opened_at: Position) -> Problem:
    quote = _character(text, opened_at)
    line, column = position
    if quote == '"' and column > 1 and _character(text, (line, column - 1)) == "\\":
        escape = "\\" + _character(text, position)
        return _problem(file, position, f"`{escape}` means nothing in double quotes", "use single quotes, or `\\\\`")
    hint = f"close the text with {quote}, on the same line if it can be"
    return _problem(file, opened_at, "this quoted text is never closed", hint)


def _key_without_colon(file: str, text: str, opened_at: Position) -> Problem | None:
    """Return the problem of a line that means a key: `purpose:marketing`, `purpose = marketing`, or odd spaces."""
    line = _line(text, opened_at)
    if set(_indentation(text, opened_at)) & _ODD_SPACES:
        hint = "type plain spaces in place of those that a web page or a word processor put there"
        return _problem(file, opened_at, "a no-break space stands where only plain spaces may", hint, "space")
    match = _KEY.match(line)
    if match is None:
        return None
    return _problem(file, opened_at, "a key ends with a colon and a space", f"`{match[1]}: {match[2]}`")


def _unquoted(file: str, character: str, position: Position) -> Problem:
    if character and character in _RESERVED:
        return _problem(file, position, f"a text may not begin with {character}", "put quotes round the text")
    if character == ":":
        hint = "put quotes round a text that holds a colon; a key that stands above ends with one"
        return _problem(file, position, "a colon does not fit here", hint)
    hint = "begin keys of one mapping in the same column, and put quotes round a text that holds `: `, ` #` or a quote"
    return _problem(file, position, "this does not fit what stands before it", hint)


def _problem(file: str, position: Position, message: str, hint: str, code: str = "syntax") -> Problem:
    return Problem(FilePosition(file, *position), message, code, hint)


def _line(text: str, position: Position) -> str:
    lines = text.split("\n")
    return lines[position[0] - 1] if position[0] <= len(lines) else ""


def _character(text: str, position: Position) -> str:
    column = position[1]
    return _line(text, position)[column - 1 : column]


def _indentation(text: str, position: Position) -> str:
    line = _line(text, position)
    return line[: len(line) - len(line.lstrip())]
