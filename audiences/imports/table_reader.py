"""Reader of a file as text rows, chosen by its content and not by its name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from audiences.imports.chunk import (
    RECOGNISED,
    ROWS_PER_CHUNK,
    Chunk,
    ReadingOptions,
    TableReader,
    place_in_line,
    text_batch,
)
from audiences.imports.csv_reader import CsvReader
from audiences.imports.file_content import TableFormat, table_format
from audiences.imports.import_report import FileProgressCallback
from audiences.imports.workbook_reader import WorkbookReader
from campaigns.core.errors import FilePosition, UserError


def open_reader(path: Path, options: ReadingOptions = RECOGNISED) -> TableReader:
    """Return a reader of the file; raise UserError when it is missing, empty, damaged, or no table."""
    match table_format(path):
        case TableFormat.PARQUET:
            return ParquetReader(path)
        case TableFormat.WORKBOOK:
            return WorkbookReader(path, options)
    return CsvReader(path, options)


class ParquetReader:
    """Reader of a Parquet file: each value as the text that CSV would hold; the line is the row number."""

    decimal_comma = False
    description = "a Parquet file"

    def __init__(self, path: Path) -> None:
        self._path = path
        with _damage_as_problem(path):
            self._file = pq.ParquetFile(path)
            schema = self._file.schema_arrow
        self.header = tuple(schema.names)
        for field in schema:
            if pa.types.is_nested(field.type) or pa.types.is_binary(field.type):
                raise UserError.about(str(path), f"the column `{field.name}` holds no plain values", "parquet")

    def column_place(self, number: int) -> FilePosition:
        """Return the place of the name of a column, as if it stood in a line of names."""
        return place_in_line(FilePosition(str(self._path), 1, 1), self.header, number)

    def chunks(self, on_progress: FileProgressCallback) -> Iterator[Chunk]:
        """Yield the rows in the file's order."""
        done, total = 0, self._file.metadata.num_rows
        batches = self._file.iter_batches(ROWS_PER_CHUNK)
        while True:
            with _damage_as_problem(self._path):
                batch = next(batches, None)
                if batch is None:
                    return
                texts = [_as_text(column) for column in batch.columns]
            yield Chunk(text_batch(self.header, range(done + 1, done + 1 + batch.num_rows), texts))
            done += batch.num_rows
            on_progress(done, total)


@contextmanager
def _damage_as_problem(path: Path) -> Iterator[None]:
    """Turn what Arrow raises at a damaged file, or at values that have no text, into UserError."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        message, hint = "the file is damaged: not a whole Parquet file", "write it again where it comes from"
        raise UserError.about(str(path), message, "parquet", hint) from error


def _as_text(column: pa.Array) -> pa.Array:
    plain = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    text = plain.cast(pa.string())
    text.validate(full=True)  # bytes that are not UTF-8 would end DuckDB's expressions
    return text
