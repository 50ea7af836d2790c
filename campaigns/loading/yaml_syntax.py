"""Text that is not YAML, in a sentence of our own: chosen by what stands at the place, not by the parser's words."""

from campaigns.errors import Place, Problem
from campaigns.loading.yaml_tree import Position

_RESERVED = "@`%"


def syntax_problem(file: str, text: str, position: Position, opened: Position | None) -> Problem:
    """The problem of a text that cannot be read at `position`; `opened` is where the unfinished part began."""
    here, began = _character(text, position), _character(text, opened) if opened else ""
    if "\t" in _indentation(text, position) or here == "\t":
        return _syntax(file, position, "a tab stands where only spaces may", "use spaces, two for each level", "tab")
    if here == "!":
        return tag_problem(file, position)
    if opened and began in ("'", '"'):
        return _quoted(file, text, position, opened)
    if opened and began in ("[", "{") and not (here == ":" and position[0] == opened[0]):
        end = "]" if began == "[" else "}"
        hint = f"add a `{end}`, or a comma between two parts"
        return _syntax(file, opened, f"this `{began}` is not closed", hint)
    return _plain(file, here, position)


def tag_problem(file: str, position: Position) -> Problem:
    """The problem of a tag such as `!!python/object`; no file here needs one."""
    hint = "leave the tag out, or put quotes round a text that begins with `!`"
    return _syntax(file, position, "tags (`!...`) are not read here", hint, "tag")


def _quoted(file: str, text: str, position: Position, opened: Position) -> Problem:
    quote = _character(text, opened)
    line, column = position
    if quote == '"' and column > 1 and _character(text, (line, column - 1)) == "\\":
        written = "\\" + _character(text, position)
        return _syntax(file, position, f"`{written}` means nothing in double quotes", "use single quotes, or `\\\\`")
    hint = f"close the text with {quote}, on the same line if it can be"
    return _syntax(file, opened, "this quoted text is never closed", hint)


def _plain(file: str, here: str, position: Position) -> Problem:
    if here and here in _RESERVED:
        return _syntax(file, position, f"a text may not begin with {here}", "put quotes round the text")
    if here == ":":
        hint = "put quotes round a text that holds a colon; a key that stands above ends with one"
        return _syntax(file, position, "a colon does not fit here", hint)
    hint = "begin keys of one mapping in the same column, and put quotes round a text that holds `: `, ` #` or a quote"
    return _syntax(file, position, "this does not fit what stands before it", hint)


def _syntax(file: str, position: Position, message: str, hint: str, code: str = "syntax") -> Problem:
    return Problem(Place(file, *position), message, code, hint)


def _line(text: str, position: Position) -> str:
    lines = text.split("\n")
    return lines[position[0] - 1] if position[0] <= len(lines) else ""


def _character(text: str, position: Position) -> str:
    column = position[1]
    return _line(text, position)[column - 1 : column]


def _indentation(text: str, position: Position) -> str:
    line = _line(text, position)
    return line[: len(line) - len(line.lstrip())]
