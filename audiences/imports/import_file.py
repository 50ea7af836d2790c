"""Importing a file: the header is checked before anything is touched, then bad rows are set aside."""

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
"""The kinds of files that go into the ledger and the warehouse."""


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
    """Bring a CSV or Parquet file of one of the `KINDS` in; the same file again changes nothing.

    AuthorError, with nothing touched, when the file cannot be read or its header is wrong. Bad rows are listed in
    `rejects/<kind>-<name>.csv`. A crash while rows are stored leaves some of them; the same import completes them.
    """
    wanted = KINDS[kind]
    sheet = open_sheet(path)
    _check_header(path, sheet, wanted, warehouse.catalogue)
    with warehouse.writing(), staging(warehouse.root, settings.zone) as staged:
        staged.load(sheet, wanted.columns(warehouse.catalogue), progress)
        stored = wanted.store(Job(staged, ledger, warehouse, settings, clock.now(), frozenset(sheet.header), signer))
        list_path = rejects / f"{kind}-{path.stem}.csv"
        listed = staged.write_rejects(list_path)
        rejected = staged.count("SELECT DISTINCT line FROM rejects WHERE whole")
        misfits = staged.count(f"SELECT DISTINCT line FROM rejects ANTI JOIN {RAW} USING (line)")
        read = staged.count(f"FROM {RAW}") + misfits
        emptied = staged.count("FROM rejects WHERE NOT whole")
    return ImportReport(read, stored, read - stored - rejected, rejected, emptied, list_path if listed else None)


def _check_header(path: Path, sheet: Sheet, kind: Kind, catalogue: Catalogue) -> None:
    known = kind.columns(catalogue)
    problems = [
        Problem(Place(str(path), 1, 1), f"the column `{column}` is missing", "missing_column", "add it to the header")
        for column in kind.required
        if column not in sheet.header
    ]
    for number, column in enumerate(sheet.header):
        place = _place(path, sheet, number)
        if column not in known:
            hint = nearest(column, known) or f"one of {', '.join(f'`{name}`' for name in known)}"
            problems.append(Problem(place, f"`{column}` is not a column of this file", "unknown_column", hint))
        elif column in sheet.header[:number]:
            problems.append(Problem(place, f"the column `{column}` stands here twice", "duplicate_column"))
    if problems:
        raise AuthorError(problems)


def _place(path: Path, sheet: Sheet, number: int) -> Place:
    return Place(str(path), 1, 1 + sum(len(column) + 1 for column in sheet.header[:number]))
