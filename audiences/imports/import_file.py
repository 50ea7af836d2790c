"""Import of a file: the header is checked first, then invalid rows are set aside and the others stored."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from audiences.imports.choices import CHOICES
from audiences.imports.chunk import TableReader, check_column_count
from audiences.imports.earlier_messages import EARLIER_MESSAGES
from audiences.imports.file_kind import FileKind, ImportJob
from audiences.imports.import_report import FileProgressCallback, ImportReport
from audiences.imports.members import MEMBERS
from audiences.imports.products import PRODUCTS
from audiences.imports.purchases import PURCHASES
from audiences.imports.references import count_unknown
from audiences.imports.staging import RAW_TABLE, open_staging
from audiences.imports.store_locations import STORES
from audiences.imports.suppressions import SUPPRESSIONS
from audiences.imports.table_reader import open_reader
from audiences.warehouse.warehouse import Warehouse
from campaigns.core.clock import Clock
from campaigns.core.errors import FilePosition, Problem, UserError, closest_match
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.settings import Settings
from campaigns.core.tokens import Signer
from campaigns.store.ledger.connection import Ledger

FILE_KINDS: Final[Mapping[str, FileKind]] = {
    "members": MEMBERS,
    "choices": CHOICES,
    "purchases": PURCHASES,
    "products": PRODUCTS,
    "stores": STORES,
    "suppressions": SUPPRESSIONS,
    "sent": EARLIER_MESSAGES,
}
"""Kinds of files that can be imported into the ledger and the warehouse."""


def import_file(
    kind: str,
    path: Path,
    *,
    ledger: Ledger,
    warehouse: Warehouse,
    settings: Settings,
    clock: Clock,
    signer: Signer,
    rejects: Path,
    on_progress: FileProgressCallback = lambda _done, _whole: None,
) -> ImportReport:
    """Import a CSV or Parquet file of one of the `FILE_KINDS`; importing the same file again changes nothing.

    Raise UserError, with nothing stored, when the file cannot be read or its header is wrong. Rejected rows are listed
    in `rejects/<kind>-<name>.csv`. A crash while rows are stored leaves some of them; the same import completes them.
    """
    file_kind = FILE_KINDS[kind]
    reader = open_reader(path)
    _check_header(path, reader, file_kind, warehouse.catalogue)
    with warehouse.write_lock(), open_staging(warehouse.root, settings.zone) as staging_area:
        staging_area.load(reader, file_kind.columns(warehouse.catalogue), on_progress)
        job = ImportJob(staging_area, ledger, warehouse, settings, clock.now(), frozenset(reader.header), signer)
        stored = file_kind.store(job)
        rejects_path = rejects / f"{kind}-{path.stem}.csv"
        has_rejects = staging_area.write_rejects(rejects_path)
        rejected = staging_area.count_rows("SELECT DISTINCT line FROM rejects WHERE whole")
        invalid_lines = staging_area.count_rows(f"SELECT DISTINCT line FROM rejects ANTI JOIN {RAW_TABLE} USING (line)")
        read_count = staging_area.count_rows(f"FROM {RAW_TABLE}") + invalid_lines
        emptied = staging_area.count_rows("FROM rejects WHERE NOT whole")
        not_served = staging_area.count_rows("FROM remarks")
        unknown = count_unknown(job, file_kind.references)
    return ImportReport(
        read_count,
        stored,
        read_count - stored - rejected,
        rejected,
        emptied,
        not_served,
        unknown,
        rejects_path if has_rejects else None,
    )


def _check_header(path: Path, reader: TableReader, kind: FileKind, catalogue: Catalogue) -> None:
    check_column_count(path, reader.header)
    columns = kind.columns(catalogue)
    problems = [
        Problem(
            FilePosition(str(path), 1, 1), f"the column `{column}` is missing", "missing_column", "add it to the header"
        )
        for column in kind.required
        if column not in reader.header
    ]
    for number, column in enumerate(reader.header):
        place = _place(path, reader, number)
        if column not in columns:
            hint = closest_match(column, columns) or f"one of {', '.join(f'`{name}`' for name in columns)}"
            problems.append(Problem(place, f"`{column}` is not a column of this file", "unknown_column", hint))
        elif column in reader.header[:number]:
            problems.append(Problem(place, f"the column `{column}` stands here twice", "duplicate_column"))
    if problems:
        raise UserError(problems)


def _place(path: Path, reader: TableReader, number: int) -> FilePosition:
    return FilePosition(str(path), 1, 1 + sum(len(column) + 1 for column in reader.header[:number]))
