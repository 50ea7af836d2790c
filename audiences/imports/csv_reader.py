"""CSV reader for real-world files: encodings, delimiters and line ends of all programs, stray quotes."""

import csv
import os
import re
from collections import deque
from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Final

from audiences.imports.chunk import (
    RECOGNISED,
    ROWS_PER_CHUNK,
    Chunk,
    InvalidLine,
    ReadingOptions,
    place_in_line,
    text_batch,
)
from audiences.imports.import_report import FileProgressCallback
from audiences.imports.text_encoding import encoding_name, text_codec
from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.regular_files import open_regular

_DELIMITERS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_DELIMITER_LINE: Final = re.compile("sep=(.)", re.IGNORECASE)  # Excel's, above the header
_QUOTED: Final = re.compile('"[^"]*"')
_TITLE_LINES: Final = 20  # above the header, such as the title of a report
_MAX_RECORD_LINES: Final = 50  # lines; a quote still open after them is a stray one
_STRAY_QUOTE: Final = "a quote stands in the wrong place or is never closed"

CsvRecord = tuple[int, list[str] | None]


class CsvReader:
    """Reader of a CSV file with checked encoding; an invalid line costs no other line."""

    def __init__(self, path: Path, options: ReadingOptions = RECOGNISED) -> None:
        self._codec = text_codec(path, options.encoding)
        self._path = path
        with self._open() as file:
            top = [line.rstrip("\r\n") for line in islice(file, _TITLE_LINES + 2)] or [""]
        announced = _DELIMITER_LINE.fullmatch(top[0])
        first = 1 if announced else 0
        delimiter = options.delimiter or (announced[1] if announced else None)
        titles = _title_lines(top[first:], delimiter)
        self._header_lines = first + titles + 1
        header = top[self._header_lines - 1] if self._header_lines <= len(top) else ""
        self._delimiter = delimiter or recognise_delimiter(header)
        self.decimal_comma = self._delimiter != ","
        separated = _DELIMITERS.get(self._delimiter, f"`{self._delimiter}`")
        self.description = f"CSV in {encoding_name(self._codec)}, separated by {separated}"
        self._header_place = FilePosition(str(path), self._header_lines, 1)
        try:
            names = next(csv.reader([header], delimiter=self._delimiter), [])
        except csv.Error as error:
            message, hint = "the header is not a line of column names", "is this a CSV file?"
            raise UserError([Problem(self._header_place, message, "header", hint)]) from error
        self.header = tuple(name.strip() for name in names)
        if len(self.header) == 1:
            self.description = f"text in {encoding_name(self._codec)} with a single column"
        if titles:
            self.description += f", header in line {self._header_lines}"

    def column_place(self, number: int) -> FilePosition:
        """Return the place of the name of a column."""
        return place_in_line(self._header_place, self.header, number)

    def chunks(self, on_progress: FileProgressCallback) -> Iterator[Chunk]:
        """Yield the rows in the file's order; a record's line is the one on which it begins."""
        total = self._path.stat().st_size
        with self._open() as file:
            for _ in range(self._header_lines):
                file.readline()
            records = self._records(file)
            while (chunk := self._next_chunk(records)) is not None:
                yield chunk
                on_progress(os.lseek(file.fileno(), 0, os.SEEK_CUR), total)

    def _open(self) -> TextIOWrapper:
        return TextIOWrapper(open_regular(self._path), encoding=self._codec, newline="")

    def _records(self, file: Iterator[str]) -> Iterator[CsvRecord]:
        """Yield each record with its line; None for an invalid line. Empty lines are skipped."""
        lines = _Lines(file, self._header_lines + 1)
        while True:
            try:
                for row in csv.reader(lines, delimiter=self._delimiter, strict=True):
                    line = lines.close_record()
                    if row:  # not an empty line
                        yield line, row
            except csv.Error:
                yield lines.refuse_record(), None
            else:
                return

    def _next_chunk(self, records: Iterator[CsvRecord]) -> Chunk | None:
        """Return the next records as columns; None after the last. Columns instead of row objects are twice as fast."""
        width = len(self.header)
        lines, cells, invalid_lines = list[int](), list[str](), list[InvalidLine]()
        for line, row in islice(records, ROWS_PER_CHUNK):
            if row is None:
                invalid_lines.append(InvalidLine(line, _STRAY_QUOTE))
            elif len(row) == width:
                lines.append(line)
                cells += row
            else:
                invalid_lines.append(InvalidLine(line, _field_count(len(row), width)))
        if not lines and not invalid_lines:
            return None
        return Chunk(
            text_batch(self.header, lines, [cells[place::width] for place in range(width)]), tuple(invalid_lines)
        )


class _Lines:
    """Lines of a file; those after the first line of an invalid record can be read again."""

    def __init__(self, file: Iterator[str], first_line: int) -> None:
        self._file = file
        self._again: deque[str] = deque()
        self._record: list[str] = []
        self._line = first_line

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self._record) == _MAX_RECORD_LINES:
            raise csv.Error
        line = self._again.popleft() if self._again else next(self._file)
        self._record.append(line)
        return line

    def close_record(self) -> int:
        """Return the first line of the record that has just ended."""
        first_line, self._line = self._line, self._line + len(self._record)
        self._record.clear()
        return first_line

    def refuse_record(self) -> int:
        """Return the line of an invalid record; the lines after it are read again."""
        self._again.extendleft(reversed(self._record[1:]))
        del self._record[1:]
        return self.close_record()


def _title_lines(lines: Sequence[str], delimiter: str | None) -> int:
    """Return the number of lines above the header: empty ones, and titles, which fill one cell.

    The first line with two names or more, and as many fields in the line below, is the header.
    """
    for number, line in enumerate(lines):
        sign = delimiter or recognise_delimiter(line)
        fields = _fields(line, sign)
        below = _fields(lines[number + 1], sign) if number + 1 < len(lines) else []
        if sum(bool(field.strip()) for field in fields) > 1 and (number == 0 or len(fields) == len(below)):
            return number
    return 0


def _field_count(count: int, width: int) -> str:
    return f"{count} field{'' if count == 1 else 's'}, and the header has {width}"


def _fields(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def recognise_delimiter(header: str) -> str:
    """Return the character that separates the names of a header; a comma when there is none."""
    unquoted = _QUOTED.sub("", header)
    return max(_DELIMITERS, key=unquoted.count)
