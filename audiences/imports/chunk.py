"""A piece of a file: some rows of text with the line of each, and the lines that are no rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import pyarrow as pa

from audiences.imports.import_report import Progress

LINE: Final = "line"
ROWS_IN_PIECE: Final = 50_000


@dataclass(frozen=True, slots=True)
class Misfit:
    """A line that is not a row of the sheet."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows as Arrow text columns after a column `line`, and the misfits among them."""

    rows: pa.RecordBatch
    misfits: tuple[Misfit, ...] = ()


class Sheet(Protocol):
    """An opened file. `decimal_comma`: a comma may stand in its numbers, as it does not part its fields."""

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the columns."""
        ...

    @property
    def decimal_comma(self) -> bool:
        """Whether `1,5` may be meant as a number."""
        ...

    def pieces(self, progress: Progress) -> Iterator[Piece]:
        """The rows in the file's order, some thousand at a time."""
        ...


def text_rows(
    header: Sequence[str], lines: Sequence[int], columns: Sequence[Sequence[str] | pa.Array]
) -> pa.RecordBatch:
    """Columns of text beside the line of each row."""
    texts = [pa.array(column, pa.string()) for column in columns]
    return pa.RecordBatch.from_arrays([pa.array(lines, pa.int64()), *texts], names=[LINE, *header])
