"""Reviewed categories: the register's categories that somebody has looked at, in `config/reviewed_categories.csv`.

The file stands beside the catalogue, so that both are committed together. `viesti catalogue review --done` writes it.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Final, TypeAlias

from audiences.warehouse.product_kinds import ProductKinds
from campaigns.core.errors import FilePosition, Problem, UserError, report_write_errors
from campaigns.core.model.goods_classes import RestrictedClass, SpecialClass, comparable
from campaigns.core.private_files import inherited_umask
from campaigns.core.regular_files import open_regular
from campaigns.workspace.goods_hints import suggested_classes

_HEADER: Final = ("column", "value", "date", "name")
_MAX_SIZE: Final = 16 * 1024 * 1024
_HINT: Final = "restore it from git; `viesti catalogue review --done` writes it"

CategoryKey: TypeAlias = tuple[str, str]
"""Products column and comparable value of a category."""


@dataclass(frozen=True, slots=True, order=True)
class ReviewedCategory:
    """Category that somebody has looked at: its column and value, on which day, and who."""

    column: str
    value: str
    day: date
    name: str

    @property
    def key(self) -> CategoryKey:
        """Key of the category."""
        return self.column, comparable(self.value)


@dataclass(frozen=True, slots=True)
class UnreviewedCategory:
    """Category that nobody has looked at: its number of products, and the classes that its words resemble."""

    column: str
    value: str
    products: int
    suggested: tuple[SpecialClass | RestrictedClass, ...]


def read_reviewed(path: Path) -> tuple[ReviewedCategory, ...]:
    """Return the content of the file, none when it is missing; raise UserError with all its problems."""
    try:
        rows = _read_rows(path)
    except FileNotFoundError:
        return ()
    if not rows or tuple(rows[0][1]) != _HEADER:
        message = f"the header of this file is `{','.join(_HEADER)}`"
        raise UserError([Problem(FilePosition(str(path), 1, 1), message, "header", _HINT)])
    problems: list[Problem] = []
    reviewed: list[ReviewedCategory] = []
    for line, row in rows[1:]:
        category = _read_row(row)
        if category is not None:
            reviewed.append(category)
        else:
            message = "a line has a column, a value, a date like 2018-01-05, and a name"
            problems.append(Problem(FilePosition(str(path), line, 1), message, "review_line", _HINT))
    if problems:
        raise UserError(problems)
    return tuple(reviewed)


def _read_rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return the rows that are not empty, each with its line."""
    try:
        with open_regular(path) as file:
            content = file.read(_MAX_SIZE + 1)
        if len(content) > _MAX_SIZE:
            raise UserError.about(str(path), "this file is larger than any list of categories", "too_large", _HINT)
        reader = csv.reader(StringIO(content.decode("utf-8"), newline=""))
        return [(reader.line_num, row) for row in reader if row]
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise UserError.about(str(path), "this file cannot be read", "unreadable", _HINT) from error
    except csv.Error as error:
        place = FilePosition(str(path), reader.line_num, 1)
        raise UserError([Problem(place, "a field is longer than any category", "review_line", _HINT)]) from error


def _read_row(row: list[str]) -> ReviewedCategory | None:
    """Return the category of a line; None when it is not valid."""
    cells = [cell.strip() for cell in row]
    if len(cells) != len(_HEADER) or not all(cells):
        return None
    column, value, day, name = cells
    try:
        return ReviewedCategory(column, value, date.fromisoformat(day), name)
    except ValueError:
        return None


def write_reviewed(path: Path, reviewed: Iterable[ReviewedCategory]) -> None:
    """Write the file, sorted, so that two people's changes merge line by line."""
    draft = path.with_suffix(".new")
    with report_write_errors(path), inherited_umask():
        with draft.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(_HEADER)
            writer.writerows((each.column, each.value, each.day.isoformat(), each.name) for each in sorted(reviewed))
        draft.replace(path)


def unreviewed_categories(kinds: ProductKinds, reviewed: Iterable[ReviewedCategory]) -> Iterator[UnreviewedCategory]:
    """Yield the register's categories that nobody has looked at, by column; those with the most products first."""
    known = {category.key for category in reviewed}
    for column, values in kinds.values.items():
        for value, products in sorted(values.items(), key=lambda entry: (-entry[1], entry[0])):
            if (column, comparable(value)) not in known:
                yield UnreviewedCategory(column, value, products, suggested_classes(value))
