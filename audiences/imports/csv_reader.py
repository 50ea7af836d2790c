"""CSV reader for real-world files: comma or semicolon, any line end, with or without a BOM, stray quotes."""

import codecs
import csv
import os
from collections import deque
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Final

from audiences.imports.chunk import ROWS_PER_CHUNK, Chunk, InvalidLine, text_batch
from audiences.imports.import_report import FileProgressCallback
from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.regular_files import open_regular

_BLOCK: Final = 1 << 20
_MAX_LINE: Final = 1 << 20
_MAX_RECORD_LINES: Final = 50  # lines; a quote still open after them is a stray one
_STRAY_QUOTE: Final = "a quote stands in the wrong place or is never closed"

CsvRecord = tuple[int, list[str] | None]


class CsvReader:
    """Reader of a CSV file with checked encoding; an invalid line costs no other line."""

    def __init__(self, path: Path) -> None:
        _check_encoding(path)
        self._path = path
        with self._open() as file:
            first = file.readline().rstrip("\r\n")
        self._delimiter = ";" if first.count(";") > first.count(",") else ","
        self.decimal_comma = self._delimiter == ";"
        try:
            names = next(csv.reader([first], delimiter=self._delimiter), [])
        except csv.Error as error:
            place = FilePosition(str(path), 1, 1)
            message, hint = "the header is not a line of column names", "is this a CSV file?"
            raise UserError([Problem(place, message, "header", hint)]) from error
        self.header = tuple(name.strip() for name in names)

    def chunks(self, on_progress: FileProgressCallback) -> Iterator[Chunk]:
        """Yield the rows in the file's order; a record's line is the one on which it begins."""
        total = self._path.stat().st_size
        with self._open() as file:
            file.readline()
            records = self._records(file)
            while (chunk := self._next_chunk(records)) is not None:
                yield chunk
                on_progress(os.lseek(file.fileno(), 0, os.SEEK_CUR), total)

    def _open(self) -> TextIOWrapper:
        return TextIOWrapper(open_regular(self._path), encoding="utf-8-sig", newline="")

    def _records(self, file: Iterator[str]) -> Iterator[CsvRecord]:
        """Yield each record with its line; None for an invalid line. Empty lines are skipped."""
        lines = _Lines(file)
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
                invalid_lines.append(InvalidLine(line, f"{len(row)} fields, and the header has {width}"))
        if not lines and not invalid_lines:
            return None
        return Chunk(
            text_batch(self.header, lines, [cells[place::width] for place in range(width)]), tuple(invalid_lines)
        )


class _Lines:
    """Lines of a file; those after the first line of an invalid record can be read again."""

    def __init__(self, file: Iterator[str]) -> None:
        self._file = file
        self._again: deque[str] = deque()
        self._record: list[str] = []
        self._line = 2  # the header was the first

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


def _check_encoding(path: Path) -> None:
    """Raise UserError with the place of the first byte that is not UTF-8."""
    decode = codecs.getincrementaldecoder("utf-8")().decode
    line, before = 1, b""  # `before`: part of the present line in earlier blocks
    with open_regular(path) as file:
        while True:
            block = file.read(_BLOCK)
            try:
                decode(block, final=not block)
            except UnicodeDecodeError as error:
                text_before = before + block[: len(block) - len(error.object) + error.start]
                raise _not_utf8(
                    path, line + text_before.count(b"\n"), len(text_before) - text_before.rfind(b"\n")
                ) from error
            if not block:
                return
            line += block.count(b"\n")
            before = block.rpartition(b"\n")[2] if b"\n" in block else before + block
            if len(before) > _MAX_LINE:
                message = f"line {line} is longer than 1 MB"
                place = FilePosition(str(path), line, 1)
                raise UserError([Problem(place, message, "line_too_long", "is this a CSV file?")])


def _not_utf8(path: Path, line: int, column: int) -> UserError:
    message = f"byte {column} of line {line} is not UTF-8"
    return UserError(
        [Problem(FilePosition(str(path), line, column), message, "encoding", "save the file as `CSV UTF-8`")]
    )
