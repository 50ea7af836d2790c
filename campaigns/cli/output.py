"""Output of all commands: problems with their source line, tables, JSON and progress. No command prints otherwise."""

import csv
import json
import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from campaigns.core.errors import Problem, UserError
from campaigns.core.regular_files import open_regular
from campaigns.workspace.source_excerpt import MAX_WIDTH, printable, source_excerpt

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from audiences.imports.import_report import ImportProgress, ProgressCallback

TableRows = Sequence[Sequence[object]]
StyledLine = tuple[str, str]
"""Line of a cell, and its style: `bold`, `dim` or a colour; empty for none."""

_LONGEST_SOURCE: Final = 8 * 1024 * 1024  # bytes of a file that are read to show one of its lines
_LEAST_SOURCE: Final = 20  # columns of a line that are shown on the narrowest terminal
_UNFOLDED: Final = 1_000  # columns: output read by a program is not folded
_PIPE_WIDTH: Final = 100  # columns of a grid that goes into a file or to a program
_WIDE: Final = 96  # columns from which the cells of a grid have space around them
_NUMBER: Final = re.compile(r"[~+-]?\d[\d ]*([.,]\d+)? ?%?|[?–]?")


def print_problems(listed_problems: Iterable[Problem]) -> None:
    """Print problems to standard error, each with the line of its file."""
    columns = _console(errors=True).width
    for problem in listed_problems:
        room = columns - len(f"  {problem.place.line} | ……")
        excerpt = source_excerpt(problem, _source(problem.place.file), max(_LEAST_SOURCE, min(MAX_WIDTH, room)))
        typer.echo(excerpt, err=True)


def print_json(value: object) -> None:
    """Print one JSON value."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_result(text: str, value: object, *, json: bool) -> None:
    """Print a result: a line for people, or one JSON value for scripts."""
    if json:
        print_json(value)
    else:
        print_line(text)


def print_line(text: str) -> None:
    """Print one line."""
    typer.echo(text)


def print_foreign(text: str) -> None:
    """Print one line with names from somebody else's file, without what a terminal would obey."""
    typer.echo(printable(text))


def print_title(text: str) -> None:
    """Print the title of what follows, and an empty line."""
    console = _console()
    with console.capture() as captured:
        console.print(text, style="bold")
    typer.echo(captured.get())


def print_warning(text: str) -> None:
    """Print one line of a warning to standard error."""
    typer.echo(text, err=True)


def print_step(text: str) -> None:
    """Print the current step, on a terminal only."""
    if _console(errors=True).is_terminal:
        typer.echo(f"{text} …", err=True)


def print_table(
    title: str, head: Sequence[str], rows: TableRows, *, none: str = "none", dim_rows: Collection[int] = ()
) -> None:
    """Print a table under its title, or `none`; columns of numbers are right-aligned."""
    from rich.table import Table

    if not rows:
        typer.echo(f"{title}: {none}" if title else none)
        return
    drawn = Table(box=None, pad_edge=False, header_style="dim", show_header=any(head))
    for column, name in enumerate(head):
        numbers = all(map(_is_number, cells := [row[column] for row in rows])) and any(cell != "" for cell in cells)
        drawn.add_column(name, justify="right" if numbers else "left", overflow="fold")
    for number, row in enumerate(rows):
        drawn.add_row(*(_cell(value) for value in row), style="dim" if number in dim_rows else None)
    _print_drawn(title, drawn)


def print_grid(head: Sequence[str], rows: Sequence[Sequence[Sequence[StyledLine]]]) -> None:
    """Print a grid of equal columns that fill the width; a cell is a list of lines, none wider than `column_width`."""
    from rich.box import SQUARE
    from rich.table import Table
    from rich.text import Text

    padding = (0, _grid_padding())
    drawn = Table(box=SQUARE, padding=padding, show_lines=True, header_style="bold", border_style="dim")
    for name in head:
        drawn.add_column(name, width=column_width(len(head)), no_wrap=True)
    for row in rows:
        drawn.add_row(*(Text("\n").join(Text(text, style) for text, style in cell) for cell in row))
    _print_drawn("", drawn)


def width() -> int:
    """Return the columns of the terminal, or of `COLUMNS`; 100 for a file."""
    columns = _console().width
    return _PIPE_WIDTH if columns == _UNFOLDED else columns


def column_width(columns: int) -> int:
    """Return the width of each column of a grid."""
    return (width() - columns - 1) // columns - 2 * _grid_padding()


def _grid_padding() -> int:
    return int(width() >= _WIDE)


def _print_drawn(title: str, drawn: "Table") -> None:
    console = _console()
    with console.capture() as captured:
        if title:
            console.print(title, style="bold")
        console.print(drawn)
    for text in captured.get().splitlines():
        typer.echo(text.rstrip())


def print_csv(names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows as CSV as they come, however many."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)


@contextmanager
def show_progress(title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show the progress of long work, on a terminal only; yield a callback that takes each step."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = _console(errors=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total)
        yield lambda step: bar.advance(task, step)


@contextmanager
def show_import(title: str) -> Iterator["ProgressCallback"]:
    """Show each step of an import with its rows a second and the time left, on a terminal only."""
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = _console(errors=True)
    texts = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[speed]}")
    times = TimeElapsedColumn(), TextColumn("left:"), TimeRemainingColumn()
    with Progress(*texts, *times, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=None, speed="")
        step = ""

        def update(progress: "ImportProgress") -> None:
            nonlocal step
            if progress.step != step:
                step = progress.step
                bar.reset(task, description=f"{title}: {step}", speed="")
                bar.tasks[0].total = None  # unknown: `reset` keeps that of the step before
            whole = progress.whole or None
            bar.update(task, completed=progress.done, total=whole, speed=_speed(progress, bar.tasks[0].elapsed))

        yield update


def _speed(progress: "ImportProgress", seconds: float | None) -> str:
    """Return the rows a second of a step that counts rows."""
    return f"{format_number(round(progress.rows / seconds))} rows/s" if progress.rows and seconds else ""


def sorted_counts(counts: Mapping[Any, int]) -> TableRows:
    """Return counts as rows, the largest first."""
    return sorted(((str(name), number) for name, number in counts.items()), key=lambda row: (-row[1], row[0]))


def format_number(value: int) -> str:
    """Format a number with its thousands apart."""
    return f"{value:,}".replace(",", " ")


def _is_number(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and _NUMBER.fullmatch(value) is not None)


def _cell(value: object) -> str:
    return format_number(value) if isinstance(value, int) else str(value)


def _source(file: str) -> str:
    """Return the beginning of a file of text; empty for everything else."""
    try:
        with open_regular(Path(file)) as stream:
            content = stream.read(_LONGEST_SOURCE)
        return content.decode() if len(content) < _LONGEST_SOURCE else content.rpartition(b"\n")[0].decode()
    except (OSError, UserError, UnicodeDecodeError):
        return ""


@lru_cache(maxsize=2)
def _console(*, errors: bool = False) -> "Console":
    from rich.console import Console

    console = Console(stderr=errors, highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _UNFOLDED
    return console
