"""Staging database on disk, to check the rows of a file before any are stored: text in, typed rows and rejects out."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from zoneinfo import ZoneInfo

import pyarrow as pa

from audiences.imports.cell_types import CellType
from audiences.imports.chunk import LINE, InvalidLine, TableReader
from audiences.imports.column_sources import ColumnSource, staged_column
from audiences.imports.date_forms import example
from audiences.imports.import_report import ImportProgress, ProgressCallback, RejectReason
from audiences.warehouse.sql_quoting import quote_identifier, quote_literal
from audiences.warehouse.warehouse import STAGING_PREFIX, WarehouseConnection
from campaigns.core.private_files import make_private_folder

RAW_TABLE: Final = "raw"
VALID_TABLE: Final = "good"


class CellCleaning(Enum):
    """Clean-up of the text of a cell before anything else.

    In `WORDS`, white space, line ends and control characters become one space. In a `NUMBER`, a comma is a decimal
    comma where commas do not separate fields.
    """

    PLAIN = auto()
    WORDS = auto()
    NUMBER = auto()


@dataclass(frozen=True, slots=True)
class RowCheck:
    """Row check: the row is rejected, with `reason` at `column`, where `fails` (SQL over the staged text) is true."""

    column: str
    fails: str
    reason: str


@dataclass(frozen=True, slots=True)
class Staging:
    """Open staging database: `raw` has the texts, NULL for an empty cell; `rejects` the invalid lines and values.

    `remarks` are values that were stored with a reservation.
    """

    connection: WarehouseConnection
    date_forms: dict[str, str] = field(default_factory=dict)

    def load(
        self,
        reader: TableReader,
        columns: Mapping[str, CellCleaning],
        sources: Mapping[str, ColumnSource],
        on_progress: ProgressCallback,
    ) -> None:
        """Read the file into `raw`; columns without a source are empty."""
        cells = ", ".join(
            sources.get(column, ColumnSource()).sql(
                words=cell is CellCleaning.WORDS,
                number=cell is CellCleaning.NUMBER,
                decimal_comma=reader.decimal_comma,
            )
            for column, cell in columns.items()
        )
        self.date_forms.update({name: source.date_form for name, source in sources.items() if source.date_form})
        typed = ", ".join(f"{quote_identifier(column)} VARCHAR" for column in columns)
        self.connection.execute(f"CREATE TABLE {RAW_TABLE} ({LINE} BIGINT, {typed})")
        self.connection.execute('CREATE TABLE rejects (line BIGINT, "column" VARCHAR, reason VARCHAR, whole BOOLEAN)')
        self.connection.execute('CREATE TABLE remarks (line BIGINT, "column" VARCHAR, reason VARCHAR)')
        names = [LINE, *map(staged_column, range(len(reader.header)))]
        self.connection.begin()
        rows = 0

        def report(done: int, whole: int) -> None:
            on_progress(ImportProgress("reading", done, whole, rows))

        for chunk in reader.chunks(report):
            rows += chunk.rows.num_rows
            self.connection.register("piece", chunk.rows.rename_columns(names))
            self.connection.execute(f"INSERT INTO {RAW_TABLE} SELECT {LINE}, {cells} FROM piece")
            self.connection.unregister("piece")
            self._reject_lines(chunk.invalid_lines)
        self.connection.commit()

    def validate(self, cell_types: Sequence[CellType], checks: Sequence[RowCheck], key: str | None = None) -> None:
        """Create `good` from the rows that pass: `line` and the value of each cell type.

        With a `key`, a row whose key stood in an earlier row is rejected, too.
        """
        all_checks = [
            *checks,
            *(RowCheck(cell_type.column, cell_type.fails, self._not_expected(cell_type)) for cell_type in cell_types),
        ]
        values = ", ".join(f"{cell_type.value} AS {quote_identifier(cell_type.column)}" for cell_type in cell_types)
        suspect = " OR ".join(
            check.fails for check in all_checks
        )  # in the same SELECT as the values, so that each is computed once
        self.connection.execute(
            f"CREATE TABLE checked AS SELECT {LINE}, {values}, {suspect} AS is_suspect FROM {RAW_TABLE}"
        )
        self.connection.execute(
            f"CREATE TEMP TABLE suspects AS FROM {RAW_TABLE} SEMI JOIN (FROM checked WHERE is_suspect) USING ({LINE})"
        )
        for check in all_checks:
            self._insert_rejects(check.column, quote_literal(check.reason), f"FROM suspects WHERE {check.fails}")
        passed = "checked ANTI JOIN (FROM rejects WHERE whole) USING (line)"
        if key is not None:
            earlier = f"min({LINE}) OVER (PARTITION BY {quote_identifier(key)})"
            self._insert_rejects(
                key,
                "'the same id stood in line ' || earlier",
                f"FROM (SELECT {LINE}, {earlier} AS earlier FROM {passed}) WHERE {LINE} > earlier",
            )
        self.connection.execute(f"CREATE VIEW {VALID_TABLE} AS SELECT * EXCLUDE (is_suspect) FROM {passed}")

    def reject(self, line: int, column: str, reason: str) -> None:
        """Reject a row after validation."""
        self._add_rejects([line], [column], [reason], whole=True)

    def record_emptied(self, invalid: Sequence[tuple[int, str, str]]) -> None:
        """Record invalid values in rows that are stored: line, column, reason."""
        if invalid:
            lines, columns, reasons = zip(*invalid, strict=True)
            self._add_rejects(lines, columns, reasons, whole=False)

    def record_remarks(self, remarks: Sequence[tuple[int, str, str]]) -> None:
        """Record values that are stored with a reservation: line, column, reason."""
        if remarks:
            lines, columns, reasons = zip(*remarks, strict=True)
            self._append("remarks", pa.table({"line": lines, "column": columns, "reason": reasons}))

    def name_headers(self, headers: Mapping[str, str]) -> None:
        """Add the file's own name of a column to rejects and remarks; `headers` has it by ours."""
        for column, header in headers.items():
            name = f'"column" = {quote_literal(f"{column} ({header})")} WHERE "column" = {quote_literal(column)}'
            for table in ("rejects", "remarks"):
                self.connection.execute(f"UPDATE {table} SET {name}")

    def rows(self, query: str, size: int = 1000) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a query in batches; other queries may run in between."""
        cursor = self.connection.cursor()
        cursor.execute(query)
        while batch := cursor.fetchmany(size):
            yield batch

    def count_rows(self, query: str) -> int:
        """Return the number of rows of a query."""
        [(count,)] = self.connection.execute(f"SELECT count(*) FROM ({query})").fetchall()
        return int(count)

    def append_rows(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Append rows of text to a staging table; create it when missing."""
        typed = ", ".join(f"{quote_identifier(column)} VARCHAR" for column in columns)
        self.connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({typed})")
        if rows:
            arrays = [pa.array(values, pa.string()) for values in zip(*rows, strict=True)]
            self._append(table, pa.table(arrays, names=list(columns)))

    def write_rejects(self, path: Path) -> bool:
        """Write rejects and remarks to a CSV file, replacing that of an earlier import; False when there are none."""
        path.unlink(missing_ok=True)
        rejects = 'SELECT line, "column", reason FROM rejects UNION ALL FROM remarks ORDER BY ALL'
        if self.count_rows(rejects) == 0:
            return False
        make_private_folder(path.parent)
        self.connection.execute(f"COPY ({rejects}) TO {quote_literal(str(path))} (FORMAT csv, HEADER)")
        return True

    def reject_reasons(self) -> tuple[RejectReason, ...]:
        """Return the reasons of rejected rows and of emptied values, the most frequent first."""
        query = (
            "SELECT \"column\", regexp_replace(reason, 'in line \\d+$', 'in an earlier line') AS cause, "
            f"count(DISTINCT {LINE}) AS number, min({LINE}) FROM rejects GROUP BY ALL ORDER BY number DESC, 4, 1, 2"
        )
        return tuple(RejectReason(*row) for row in self.connection.execute(query).fetchall())

    def _not_expected(self, cell_type: CellType) -> str:
        form = self.date_forms.get(cell_type.column)
        return f"not {cell_type.expected}" if form is None else f"not a date like {example(form)}"

    def _reject_lines(self, invalid_lines: Sequence[InvalidLine]) -> None:
        if invalid_lines:
            reasons = [invalid.reason for invalid in invalid_lines]
            self._add_rejects(
                [invalid.line for invalid in invalid_lines], [""] * len(invalid_lines), reasons, whole=True
            )

    def _add_rejects(
        self, lines: Sequence[int], columns: Sequence[str], reasons: Sequence[str], *, whole: bool
    ) -> None:
        rejects = {"line": lines, "column": columns, "reason": reasons, "whole": [whole] * len(lines)}
        self._append("rejects", pa.table(rejects))

    def _insert_rejects(self, column: str, reason: str, source: str) -> None:
        self.connection.execute(f"INSERT INTO rejects SELECT {LINE}, {quote_literal(column)}, {reason}, true {source}")

    def _append(self, table: str, rows: pa.Table) -> None:
        self.connection.register("appended", rows)
        self.connection.execute(f"INSERT INTO {table} SELECT * FROM appended")
        self.connection.unregister("appended")


@contextmanager
def open_staging(root: Path, zone: ZoneInfo) -> Iterator[Staging]:
    """Open an empty staging database below `root`, deleted afterwards; texts without a zone are read in `zone`."""
    import duckdb  # imported late: sending processes do not need its 25 MB

    with TemporaryDirectory(dir=root, prefix=STAGING_PREFIX) as folder:
        config = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        connection = duckdb.connect(Path(folder) / "staging.duckdb", config=dict(config))
        try:
            connection.execute("SET enable_progress_bar = false")  # commands draw their own
            connection.execute(f"SET TimeZone = {quote_literal(zone.key)}")
            yield Staging(connection)
        finally:
            connection.close()
