"""CSV as people's programs write it: comma or semicolon, any line end, a byte order mark or none, stray quotes."""

import codecs
import csv
import os
from collections import deque
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Final

from audiences.imports.chunk import ROWS_IN_PIECE, Misfit, Piece, text_rows
from audiences.imports.import_report import Progress
from campaigns.core.errors import AuthorError, Place, Problem

_BLOCK: Final = 1 << 20
_LONGEST_RECORD: Final = 50  # lines; a quote that is still open after them was never meant to be one
_STRAY_QUOTE: Final = "a quote stands in the wrong place or is never closed"

Record = tuple[int, list[str] | None]


class CsvSheet:
    """A CSV file whose encoding has been checked; a line that is no row costs no other line."""

    def __init__(self, path: Path) -> None:
        _check_encoding(path)
        self._path = path
        with self._open() as file:
            first = file.readline().rstrip("\r\n")
        self._delimiter = ";" if first.count(";") > first.count(",") else ","
        self.decimal_comma = self._delimiter == ";"
        self.header = tuple(name.strip() for name in next(csv.reader([first], delimiter=self._delimiter), []))

    def pieces(self, progress: Progress) -> Iterator[Piece]:
        """The rows in the file's order; a record's line is the one on which it begins."""
        whole = self._path.stat().st_size
        with self._open() as file:
            file.readline()
            records = self._records(file)
            while (piece := self._piece(records)) is not None:
                yield piece
                progress(os.lseek(file.fileno(), 0, os.SEEK_CUR), whole)

    def _open(self) -> TextIOWrapper:
        return self._path.open(encoding="utf-8-sig", newline="")

    def _records(self, file: Iterator[str]) -> Iterator[Record]:
        """Each record with its line; None for a line that begins none. Empty lines are passed over."""
        lines = _Lines(file)
        while True:
            try:
                for row in csv.reader(lines, delimiter=self._delimiter, strict=True):
                    line = lines.close_record()
                    if row:  # an empty line is nothing at all
                        yield line, row
            except csv.Error:
                yield lines.refuse_record(), None
            else:
                return

    def _piece(self, records: Iterator[Record]) -> Piece | None:
        """The next records as columns; None after the last. Rows are not kept as objects: it is twice as fast."""
        width = len(self.header)
        lines, cells, misfits = list[int](), list[str](), list[Misfit]()
        for line, row in islice(records, ROWS_IN_PIECE):
            if row is None:
                misfits.append(Misfit(line, _STRAY_QUOTE))
            elif len(row) == width:
                lines.append(line)
                cells += row
            else:
                misfits.append(Misfit(line, f"{len(row)} fields, and the header has {width}"))
        if not lines and not misfits:
            return None
        return Piece(text_rows(self.header, lines, [cells[place::width] for place in range(width)]), tuple(misfits))


class _Lines:
    """Hands out a file's lines, and can take back those that followed the first of a record that was none."""

    def __init__(self, file: Iterator[str]) -> None:
        self._file = file
        self._again: deque[str] = deque()
        self._record: list[str] = []
        self._line = 2  # the header was the first

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self._record) == _LONGEST_RECORD:
            raise csv.Error
        line = self._again.popleft() if self._again else next(self._file)
        self._record.append(line)
        return line

    def close_record(self) -> int:
        """The line on which the record began that has just ended."""
        began, self._line = self._line, self._line + len(self._record)
        self._record.clear()
        return began

    def refuse_record(self) -> int:
        """The line on which no record begins; the lines after it are handed out again."""
        self._again.extendleft(reversed(self._record[1:]))
        del self._record[1:]
        return self.close_record()


def _check_encoding(path: Path) -> None:
    """AuthorError with the place of the first byte that is not UTF-8."""
    decode = codecs.getincrementaldecoder("utf-8")().decode
    line, before = 1, b""  # of the present line, what earlier blocks held
    with path.open("rb") as file:
        while True:
            block = file.read(_BLOCK)
            try:
                decode(block, final=not block)
            except UnicodeDecodeError as error:
                read = before + block[: len(block) - len(error.object) + error.start]
                raise _not_utf8(path, line + read.count(b"\n"), len(read) - read.rfind(b"\n")) from error
            if not block:
                return
            line += block.count(b"\n")
            before = block.rpartition(b"\n")[2] if b"\n" in block else before + block


def _not_utf8(path: Path, line: int, column: int) -> AuthorError:
    message = f"byte {column} of line {line} is not UTF-8"
    return AuthorError([Problem(Place(str(path), line, column), message, "encoding", "save the file as `CSV UTF-8`")])
