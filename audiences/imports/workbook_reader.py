"""Workbook reader: a sheet of an Excel file (.xlsx) as text rows, converted in a process whose memory is bounded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any, Final
from zipfile import ZipFile

import pyarrow as pa

from audiences.imports.chunk import LINE, RECOGNISED, ROWS_PER_CHUNK, Chunk, ReadingOptions, text_batch
from audiences.imports.import_report import FileProgressCallback
from campaigns.core.child_process import ChildLimitError, ChildLimits, run_in_bounded_child_process
from campaigns.core.errors import FilePosition, UserError, closest_match

_LIMITS: Final = ChildLimits(memory=3 << 30, cpu_seconds=240, seconds=600)
_MAX_UNPACKED: Final = 1 << 30
_TITLE_ROWS: Final = 20  # rows above the header, such as the title of a report
_LARGE: Final = "export it as CSV or Parquet"


@dataclass(frozen=True, slots=True)
class Sheet:
    """Sheet of a workbook: the names of its columns, the row that they stand in, and the rows below as text.

    `beside` is the first row with a value in a column without a name, where such values are.
    """

    name: str
    other_sheets: tuple[str, ...]
    header: tuple[str, ...]
    header_row: int
    rows: pa.Table
    beside: int | None


class WorkbookReader:
    """Reader of a workbook: each value as the text that CSV would hold; the line is the row's number in the sheet."""

    decimal_comma = True  # of cells that are texts; numbers have a point

    def __init__(self, path: Path, options: ReadingOptions = RECOGNISED) -> None:
        _check_size(path)
        try:
            sheet = run_in_bounded_child_process(_LIMITS, read_sheet, path, options.sheet)
        except ChildLimitError as error:
            message = "the workbook needs more than 3 GB of memory, or four minutes, to be read"
            raise UserError.about(str(path), message, "too_large", _LARGE) from error
        except CalledProcessError as error:
            raise _damaged(path) from error
        self._rows = sheet.rows
        self.header = sheet.header
        self._header_place = FilePosition(f"{path}, sheet {sheet.name}", sheet.header_row, 1)
        others = ", ".join(f"`{name}`" for name in sheet.other_sheets)
        self.description = f"an Excel workbook, sheet `{sheet.name}`" + (f" (not read: {others})" if others else "")
        if sheet.header_row > 1:
            self.description += f", header in row {sheet.header_row}"
        if sheet.beside is not None:
            self.description += f"; not read: what columns without a name hold, from row {sheet.beside} on"

    def column_place(self, number: int) -> FilePosition:
        """Return the place of the name of a column: its row, and its number among the named columns."""
        return replace(self._header_place, column=number + 1)

    def chunks(self, on_progress: FileProgressCallback) -> Iterator[Chunk]:
        """Yield the rows in the sheet's order."""
        done = 0
        for batch in self._rows.to_batches(max_chunksize=ROWS_PER_CHUNK):
            yield Chunk(batch)
            done += batch.num_rows
            on_progress(done, self._rows.num_rows)


def _check_size(path: Path) -> None:
    with path.open("rb") as file, ZipFile(file) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > _MAX_UNPACKED:
        message = f"the workbook is {unpacked >> 20} MB unpacked, and at most {_MAX_UNPACKED >> 20} MB are read"
        raise UserError.about(str(path), message, "too_large", _LARGE)


def read_sheet(path: Path, wanted: str | None) -> Sheet:
    """Return a sheet of a workbook, by default the first; raise UserError when it is damaged or lacks the sheet."""
    import python_calamine as calamine  # imported late: it is needed in the child process alone

    try:
        workbook = calamine.CalamineWorkbook.from_path(str(path))
        names = tuple(workbook.sheet_names)
        name = _sheet_name(path, wanted or names[0], names)
        return _sheet(path, name, names, iter(workbook.get_sheet_by_name(name).iter_rows()))
    except (UserError, MemoryError):
        raise
    except BaseException as error:  # a panic of Rust is no Exception
        raise _damaged(path) from error


def _sheet_name(path: Path, name: str, names: Sequence[str]) -> str:
    if name not in names:
        hint = closest_match(name, names) or f"one of {', '.join(f'`{each}`' for each in names)}"
        raise UserError.about(str(path), f"the workbook has no sheet `{name}`", "unknown_sheet", hint)
    return name


def _sheet(path: Path, name: str, names: Sequence[str], rows: Iterator[Sequence[Any]]) -> Sheet:
    header_row, header = 0, list[str]()
    least = 2  # a row of one cell is a title, unless the sheet has a single column
    for number, row in enumerate(islice(rows, _TITLE_ROWS), 1):
        cells = [_text(value).strip() for value in row]
        least = min(least, len(cells))
        if sum(map(bool, cells)) >= least > 0:
            header_row, header = number, cells
            break
    if not header:
        raise UserError.about(f"{path}, sheet {name}", "the sheet has no header", "file_empty", "name the columns")
    places = [place for place, column in enumerate(header) if column]
    columns = tuple(header[place] for place in places)
    nameless, beside = [place for place, column in enumerate(header) if not column], list[int]()
    batches = list(_batches(columns, places, _noting(rows, header_row, nameless, beside), header_row))
    schema = pa.schema([(LINE, pa.int64()), *((column, pa.string()) for column in columns)])
    others = tuple(each for each in names if each != name)
    return Sheet(name, others, columns, header_row, pa.Table.from_batches(batches, schema), next(iter(beside), None))


def _noting(
    rows: Iterator[Sequence[Any]], header_row: int, nameless: Sequence[int], beside: list[int]
) -> Iterator[Sequence[Any]]:
    """Yield the rows; note in `beside` the first one with a value in a nameless column."""
    for number, row in enumerate(rows, header_row + 1):
        if not beside and any(_text(row[place]).strip() for place in nameless):
            beside.append(number)
        yield row


def _batches(
    columns: Sequence[str], places: Sequence[int], rows: Iterator[Sequence[Any]], header_row: int
) -> Iterator[pa.RecordBatch]:
    """Yield the rows with a value, and the number of each, as batches of text."""
    numbered = enumerate(rows, header_row + 1)
    while piece := list(islice(numbered, ROWS_PER_CHUNK)):
        texts = [(number, [_text(row[place]) for place in places]) for number, row in piece]
        filled = [(number, cells) for number, cells in texts if any(cells)]
        if filled:
            lines, cells = zip(*filled, strict=True)
            yield text_batch(columns, lines, list(zip(*cells, strict=True)))


def _text(value: Any) -> str:
    """Return a cell's value as the text that CSV would hold."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case datetime():
            return value.isoformat(sep=" ")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
    return str(value)


def _damaged(path: Path) -> UserError:
    message, hint = "the file is damaged: not a whole workbook", "write it again where it comes from"
    return UserError.about(str(path), message, "workbook", hint)
