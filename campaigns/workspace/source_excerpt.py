"""Source excerpt of a problem: its line of the file with a caret under the place, as plain text for terminals."""

from typing import Final

from campaigns.core.errors import Problem

MAX_WIDTH: Final = 100
_CUT: Final = "…"


def source_excerpt(problem: Problem, text: str, width: int = MAX_WIDTH) -> str:
    """Return the problem, its line of `text` and a caret; no line when the problem concerns the whole file.

    A tab counts as one column, a control character is printed as a space, and a long line is cut around the place, to
    `width` characters of its own.
    """
    head, _, hint = str(problem).partition("\n")
    lines = [printable(head), *_source(problem.place.line, problem.place.column, text, width)]
    return "\n".join([*lines, printable(hint)] if hint else lines)


def printable(text: str) -> str:
    """Return the text with a space for each control character: names in a file may hold commands to a terminal."""
    return text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)


def _source(line: int, column: int, text: str, width: int) -> list[str]:
    lines = text.removeprefix("\ufeff").split("\n")
    if not text or not 1 <= line <= len(lines):
        return []
    visible, caret = _cut(printable(lines[line - 1].rstrip()), column - 1, width)
    number = str(line)
    return [f"  {number} | {visible}".rstrip(), f"  {' ' * len(number)} | {' ' * caret}^"]


def _cut(line: str, column: int, width: int) -> tuple[str, int]:
    """Return at most `width` characters of a line around the column, and the new index of the column."""
    if len(line) <= width:
        return line, column
    start = max(0, min(column - width // 2, len(line) - width))
    end = start + width
    before, after = (_CUT if start else ""), (_CUT if end < len(line) else "")
    return f"{before}{line[start:end]}{after}", column - start + len(before)
