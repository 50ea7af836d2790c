"""A place on disk where a file's rows are looked at before anything is stored: text in, typed rows and rejects out."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from zoneinfo import ZoneInfo

import pyarrow as pa

from audiences.imports.cell_types import Reading
from audiences.imports.chunk import LINE, Misfit, Sheet
from audiences.imports.import_report import Progress
from audiences.warehouse.sql_quoting import name, text
from audiences.warehouse.warehouse import STAGING, Opened

RAW: Final = "raw"
GOOD: Final = "good"
_SPACES: Final = r"[\s\p{Cc}\x{A0}]+"


class Cell(Enum):
    """What is done to a cell's text before anything else.

    In `WORDS`, white space, line ends and control characters become one space; a `NUMBER` may have a comma where
    commas do not part the fields.
    """

    PLAIN = auto()
    WORDS = auto()
    NUMBER = auto()


@dataclass(frozen=True, slots=True)
class Check:
    """A row is refused, with `reason` at `column`, where `fails` (SQL over the staged text) is true."""

    column: str
    fails: str
    reason: str


@dataclass(frozen=True, slots=True)
class Staging:
    """An open staging database. `raw` holds the texts, NULL for an empty cell; `rejects` what was found wrong."""

    connection: Opened

    def load(self, sheet: Sheet, columns: Mapping[str, Cell], progress: Progress) -> None:
        """Read the sheet into `raw`; columns that it lacks are empty."""
        cells = ", ".join(_cell(column, cell, sheet) for column, cell in columns.items())
        typed = ", ".join(f"{name(column)} VARCHAR" for column in columns)
        self.connection.execute(f"CREATE TABLE {RAW} ({LINE} BIGINT, {typed})")
        self.connection.execute('CREATE TABLE rejects (line BIGINT, "column" VARCHAR, reason VARCHAR, whole BOOLEAN)')
        self.connection.begin()
        for piece in sheet.pieces(progress):
            self.connection.register("piece", piece.rows)
            self.connection.execute(f"INSERT INTO {RAW} SELECT {LINE}, {cells} FROM piece")
            self.connection.unregister("piece")
            self._refuse(piece.misfits)
        self.connection.commit()

    def accept(self, readings: Sequence[Reading], checks: Sequence[Check], key: str | None = None) -> None:
        """Make `good` of the rows that pass: `line` and each reading's value.

        With a `key`, a row whose key stood in an earlier row is refused too.
        """
        wrong = [*checks, *(Check(reading.column, reading.fails, f"not {reading.expected}") for reading in readings)]
        values = ", ".join(f"{reading.value} AS {name(reading.column)}" for reading in readings)
        suspect = " OR ".join(check.fails for check in wrong)  # beside the values, so that each is worked out once
        self.connection.execute(f"CREATE TABLE judged AS SELECT {LINE}, {values}, {suspect} AS is_suspect FROM {RAW}")
        self.connection.execute(
            f"CREATE TEMP TABLE suspects AS FROM {RAW} SEMI JOIN (FROM judged WHERE is_suspect) USING ({LINE})"
        )
        for check in wrong:
            self._insert_rejects(check.column, text(check.reason), f"FROM suspects WHERE {check.fails}")
        passed = "judged ANTI JOIN (FROM rejects WHERE whole) USING (line)"
        if key is not None:
            earlier = f"min({LINE}) OVER (PARTITION BY {name(key)})"
            self._insert_rejects(
                key,
                "'the same id stood in line ' || earlier",
                f"FROM (SELECT {LINE}, {earlier} AS earlier FROM {passed}) WHERE {LINE} > earlier",
            )
        self.connection.execute(f"CREATE VIEW {GOOD} AS SELECT * EXCLUDE (is_suspect) FROM {passed}")

    def refuse(self, line: int, column: str, reason: str) -> None:
        """Set a row aside after all."""
        self._note([line], [column], [reason], whole=True)

    def empty(self, found: Sequence[tuple[int, str, str]]) -> None:
        """Note values that could not be used in rows that were kept: line, column, reason."""
        if found:
            lines, columns, reasons = zip(*found, strict=True)
            self._note(lines, columns, reasons, whole=False)

    def rows(self, query: str, size: int = 1000) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a query, some at a time; other queries may run in between."""
        cursor = self.connection.cursor()
        cursor.execute(query)
        while some := cursor.fetchmany(size):
            yield some

    def count(self, query: str) -> int:
        """How many rows a query has."""
        found = self.connection.execute(f"SELECT count(*) FROM ({query})").fetchone()
        return int(found[0]) if found else 0

    def keep(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Append rows of text to a staging table, made when it is missing."""
        typed = ", ".join(f"{name(column)} VARCHAR" for column in columns)
        self.connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({typed})")
        if rows:
            arrays = [pa.array(values, pa.string()) for values in zip(*rows, strict=True)]
            self._append(table, pa.table(arrays, names=list(columns)))

    def write_rejects(self, path: Path) -> bool:
        """List the rejects in a CSV file, replacing that of an earlier import; false when there are none."""
        path.unlink(missing_ok=True)
        if self.count("FROM rejects") == 0:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        self.connection.execute(
            f'COPY (SELECT line, "column", reason FROM rejects ORDER BY ALL) TO {text(str(path))} (FORMAT csv, HEADER)'
        )
        return True

    def _refuse(self, misfits: Sequence[Misfit]) -> None:
        if misfits:
            reasons = [misfit.reason for misfit in misfits]
            self._note([misfit.line for misfit in misfits], [""] * len(misfits), reasons, whole=True)

    def _note(self, lines: Sequence[int], columns: Sequence[str], reasons: Sequence[str], *, whole: bool) -> None:
        noted = {"line": lines, "column": columns, "reason": reasons, "whole": [whole] * len(lines)}
        self._append("rejects", pa.table(noted))

    def _insert_rejects(self, column: str, reason: str, source: str) -> None:
        self.connection.execute(f"INSERT INTO rejects SELECT {LINE}, {text(column)}, {reason}, true {source}")

    def _append(self, table: str, rows: pa.Table) -> None:
        self.connection.register("appended", rows)
        self.connection.execute(f"INSERT INTO {table} SELECT * FROM appended")
        self.connection.unregister("appended")


@contextmanager
def staging(root: Path, zone: ZoneInfo) -> Iterator[Staging]:
    """An empty staging database below `root`, gone afterwards; texts without a zone are read in `zone`."""
    import duckdb  # by those only who import: a process that sends needs none of its 25 megabytes

    with TemporaryDirectory(dir=root, prefix=STAGING) as folder:
        config = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        connection = duckdb.connect(Path(folder) / "staging.duckdb", config=dict(config))
        try:
            connection.execute("SET enable_progress_bar = false")  # a command draws its own
            connection.execute(f"SET TimeZone = {text(zone.key)}")
            yield Staging(connection)
        finally:
            connection.close()


def _cell(column: str, cell: Cell, sheet: Sheet) -> str:
    written = name(column)
    if column not in sheet.header:
        return "NULL"
    if cell is Cell.WORDS:
        written = f"regexp_replace({written}, {text(_SPACES)}, ' ', 'g')"
    elif cell is Cell.NUMBER and sheet.decimal_comma:
        written = f"replace({written}, ',', '.')"
    return f"nullif(trim({written}), '')"
