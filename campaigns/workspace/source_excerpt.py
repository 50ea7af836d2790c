"""Source excerpt of a problem: its line of the file with a caret under the place, as plain text for terminals."""

from typing import Final

from campaigns.core.errors import Problem

MAX_WIDTH: Final = 100
_CUT: Final = "…"


def source_excerpt(problem: Problem, text: str) -> str:
    """Return the problem, its line of `text` and a caret; no line when the problem concerns the whole file.

    A tab counts as one column, a control character is printed as a space, and a long line is cut around the place.
    """
    head, _, hint = str(problem).partition("\n")
    lines = [head, *_source(problem.place.line, problem.place.column, text)]
    return "\n".join([*lines, hint] if hint else lines)


def _source(line: int, column: int, text: str) -> list[str]:
    lines = text.removeprefix("\ufeff").split("\n")
    if not 1 <= line <= len(lines):
        return []
    visible, caret = _cut("".join(char if char.isprintable() else " " for char in lines[line - 1].rstrip()), column - 1)
    number = str(line)
    return [f"  {number} | {visible}".rstrip(), f"  {' ' * len(number)} | {' ' * caret}^"]


def _cut(line: str, column: int) -> tuple[str, int]:
    """Return at most WIDTH characters of a line around the column, and the new index of the column."""
    if len(line) <= MAX_WIDTH:
        return line, column
    start = max(0, min(column - MAX_WIDTH // 2, len(line) - MAX_WIDTH))
    end = start + MAX_WIDTH
    before, after = (_CUT if start else ""), (_CUT if end < len(line) else "")
    return f"{before}{line[start:end]}{after}", column - start + len(before)
