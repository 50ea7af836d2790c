"""A problem with the line of the file that it is about, and a caret under the place; plain text for terminals."""

from typing import Final

from campaigns.errors import Problem

WIDTH: Final = 100
_CUT: Final = "…"


def excerpt(problem: Problem, text: str) -> str:
    """The problem, its line out of `text` and a caret; without a line when the problem is about the whole file.

    A tab counts as one column, a control character is shown as a space, and a long line is cut around the place.
    """
    head, _, hint = str(problem).partition("\n")
    shown = [head, *_source(problem.place.line, problem.place.column, text)]
    return "\n".join([*shown, hint] if hint else shown)


def _source(line: int, column: int, text: str) -> list[str]:
    lines = text.removeprefix("\ufeff").split("\n")
    if not 1 <= line <= len(lines):
        return []
    shown, caret = _cut("".join(each if each.isprintable() else " " for each in lines[line - 1].rstrip()), column - 1)
    number = str(line)
    return [f"  {number} | {shown}".rstrip(), f"  {' ' * len(number)} | {' ' * caret}^"]


def _cut(line: str, column: int) -> tuple[str, int]:
    """At most WIDTH characters of a line with the column among them, and where the column then is."""
    if len(line) <= WIDTH:
        return line, column
    start = max(0, min(column - WIDTH // 2, len(line) - WIDTH))
    end = start + WIDTH
    before, after = (_CUT if start else ""), (_CUT if end < len(line) else "")
    return f"{before}{line[start:end]}{after}", column - start + len(before)
