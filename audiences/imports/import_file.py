"""Import of a file: the header is checked first, then invalid rows are set aside and the others stored."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from audiences.imports.choices import CHOICES
from audiences.imports.chunk import Sheet
from audiences.imports.earlier_messages import SENT
from audiences.imports.file_kind import Job, Kind
from audiences.imports.import_report import ImportReport, Progress
from audiences.imports.members import MEMBERS
from audiences.imports.products import PRODUCTS
from audiences.imports.purchases import PURCHASES
from audiences.imports.staging import RAW, staging
from audiences.imports.suppressions import SUPPRESSIONS
from audiences.imports.table_reader import open_sheet
from audiences.warehouse.warehouse import Warehouse
from campaigns.core.clock import Clock
from campaigns.core.errors import AuthorError, Place, Problem, nearest
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.settings import Settings
from campaigns.core.tokens import Signer
from campaigns.store.ledger.connection import Ledger

KINDS: Final[Mapping[str, Kind]] = {
    "members": MEMBERS,
    "choices": CHOICES,
    "purchases": PURCHASES,
    "products": PRODUCTS,
    "suppressions": SUPPRESSIONS,
    "sent": SENT,
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
    progress: Progress = lambda _done, _whole: None,
) -> ImportReport:
    """Import a CSV or Parquet file of one of the `FILE_KINDS`; importing the same file again changes nothing.

    Raise UserError, with nothing stored, when the file cannot be read or its header is wrong. Rejected rows are listed
    in `rejects/<kind>-<name>.csv`. A crash while rows are stored leaves some of them; the same import completes them.
    """
    file_kind = KINDS[kind]
    reader = open_sheet(path)
    _check_header(path, reader, file_kind, warehouse.catalogue)
    with warehouse.writing(), staging(warehouse.root, settings.zone) as staging_area:
        staging_area.load(reader, file_kind.columns(warehouse.catalogue), progress)
        stored = file_kind.store(
            Job(staging_area, ledger, warehouse, settings, clock.now(), frozenset(reader.header), signer)
        )
        rejects_path = rejects / f"{kind}-{path.stem}.csv"
        has_rejects = staging_area.write_rejects(rejects_path)
        rejected = staging_area.count("SELECT DISTINCT line FROM rejects WHERE whole")
        invalid_lines = staging_area.count(f"SELECT DISTINCT line FROM rejects ANTI JOIN {RAW} USING (line)")
        read_count = staging_area.count(f"FROM {RAW}") + invalid_lines
        emptied = staging_area.count("FROM rejects WHERE NOT whole")
    return ImportReport(
        read_count, stored, read_count - stored - rejected, rejected, emptied, rejects_path if has_rejects else None
    )


def _check_header(path: Path, reader: Sheet, kind: Kind, catalogue: Catalogue) -> None:
    columns = kind.columns(catalogue)
    problems = [
        Problem(Place(str(path), 1, 1), f"the column `{column}` is missing", "missing_column", "add it to the header")
        for column in kind.required
        if column not in reader.header
    ]
    for number, column in enumerate(reader.header):
        place = _place(path, reader, number)
        if column not in columns:
            hint = nearest(column, columns) or f"one of {', '.join(f'`{name}`' for name in columns)}"
            problems.append(Problem(place, f"`{column}` is not a column of this file", "unknown_column", hint))
        elif column in reader.header[:number]:
            problems.append(Problem(place, f"the column `{column}` stands here twice", "duplicate_column"))
    if problems:
        raise AuthorError(problems)


def _place(path: Path, reader: Sheet, number: int) -> Place:
    return Place(str(path), 1, 1 + sum(len(column) + 1 for column in reader.header[:number]))
