"""Chunk of a file: text rows with the line of each, and the invalid lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

import pyarrow as pa

from audiences.imports.import_report import FileProgressCallback
from audiences.imports.text_encoding import Encoding
from campaigns.core.errors import FilePosition, Problem, UserError

LINE: Final = "line"
ROWS_PER_CHUNK: Final = 50_000
_MAX_COLUMNS: Final = 1000


@dataclass(frozen=True, slots=True)
class InvalidLine:
    """Line that is not a row of the table."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows as Arrow text columns after a column `line`, and the invalid lines among them."""

    rows: pa.RecordBatch
    invalid_lines: tuple[InvalidLine, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """Properties of a file that are not to be recognised, but known; `sheet` is that of a workbook."""

    encoding: Encoding | None = None
    delimiter: str | None = None
    sheet: str | None = None


RECOGNISED: Final = ReadingOptions()
"""Options of a file whose properties are all to be recognised."""


class TableReader(Protocol):
    """Reader of an opened file."""

    @property
    def description(self) -> str:
        """Return what the file is: its format, and how it is written."""
        ...

    @property
    def header(self) -> tuple[str, ...]:
        """Return the names of the columns."""
        ...

    @property
    def decimal_comma(self) -> bool:
        """Return whether `1,5` may be a number: the comma does not separate fields."""
        ...

    def column_place(self, number: int) -> FilePosition:
        """Return the place of the name of a column, counted from 0."""
        ...

    def chunks(self, on_progress: FileProgressCallback) -> Iterator[Chunk]:
        """Yield the rows in the file's order, some thousand at a time."""
        ...


def text_batch(
    header: Sequence[str], lines: Sequence[int], columns: Sequence[Sequence[str] | pa.Array]
) -> pa.RecordBatch:
    """Return a batch of text columns beside the line of each row."""
    texts = [pa.array(column, pa.string()) for column in columns]
    return pa.RecordBatch.from_arrays([pa.array(lines, pa.int64()), *texts], names=[LINE, *header])


def place_in_line(start: FilePosition, header: Sequence[str], number: int) -> FilePosition:
    """Return the place of a column's name in a line of names that begins at `start`."""
    return replace(start, column=1 + sum(len(column) + 1 for column in header[:number]))


def check_column_count(path: Path, header: Sequence[str]) -> None:
    """Raise UserError for more columns than any table has: each would be looked up among the known ones."""
    if len(header) > _MAX_COLUMNS:
        message = f"the header has {len(header)} columns, and no file here has more than {_MAX_COLUMNS}"
        place = FilePosition(str(path), 1, 1)
        raise UserError([Problem(place, message, "too_many_columns", "is it the right file?")])
