"""Chunk of a file: text rows with the line of each, and the invalid lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import pyarrow as pa

from audiences.imports.import_report import FileProgressCallback

LINE: Final = "line"
ROWS_PER_CHUNK: Final = 50_000


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


class TableReader(Protocol):
    """Reader of an opened file."""

    @property
    def header(self) -> tuple[str, ...]:
        """Return the names of the columns."""
        ...

    @property
    def decimal_comma(self) -> bool:
        """Return whether `1,5` may be a number: the comma does not separate fields."""
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
