"""Import of a file: the header is checked first, then invalid rows are set aside and the others stored."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from audiences.imports.choices import CHOICES
from audiences.imports.chunk import RECOGNISED, TableReader, check_column_count
from audiences.imports.column_sources import ColumnSource, column_sources
from audiences.imports.earlier_messages import EARLIER_MESSAGES
from audiences.imports.file_kind import FileKind, ImportJob
from audiences.imports.import_report import ImportProgress, ImportReport, ProgressCallback
from audiences.imports.mapping import ImportMapping
from audiences.imports.members import MEMBERS
from audiences.imports.postal_codes import PADDED
from audiences.imports.products import PRODUCTS
from audiences.imports.purchases import PURCHASES
from audiences.imports.references import count_unknown
from audiences.imports.staging import RAW_TABLE, open_staging
from audiences.imports.store_locations import STORES
from audiences.imports.suppressions import SUPPRESSIONS
from audiences.imports.table_reader import open_reader
from audiences.warehouse.sql_quoting import quote_literal
from audiences.warehouse.warehouse import Warehouse
from campaigns.core.clock import Clock
from campaigns.core.errors import Problem, UserError
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
    mapping: ImportMapping | None = None,
    on_progress: ProgressCallback = lambda _progress: None,
    file_kind: FileKind | None = None,
) -> ImportReport:
    """Import a CSV, Excel or Parquet file of one of the `FILE_KINDS`; importing the same file again changes nothing.

    `file_kind` is given where another room stores the rows.

    Raise UserError, with nothing stored, when the file cannot be read or its header is wrong. Rejected rows are listed
    in `rejects/<kind>-<name>.csv`. A crash while rows are stored leaves some of them; the same import completes them.
    """
    file_kind = file_kind or FILE_KINDS[kind]
    reader = open_reader(path, RECOGNISED if mapping is None else mapping.options)
    check_column_count(path, reader.header)
    columns = file_kind.columns(warehouse.catalogue)
    _check_kind(kind, file_kind, reader, warehouse.catalogue)
    sources = column_sources(kind, reader, columns, file_kind.required, mapping)
    with warehouse.write_lock(), open_staging(warehouse.root, settings.zone) as staging_area:
        staging_area.load(reader, columns, sources, on_progress)
        on_progress(ImportProgress("checking", 0, 0))
        job = ImportJob(staging_area, ledger, warehouse, settings, clock.now(), frozenset(sources), signer, on_progress)
        stored = file_kind.store(job)
        staging_area.name_headers(_other_headers(reader, sources))
        report = _report(job, stored, count_unknown(job, file_kind.references), reader.description)
        rejects_path = rejects / f"{kind}-{path.stem}.csv"
        return replace(report, rejects_path=rejects_path) if staging_area.write_rejects(rejects_path) else report


def _report(job: ImportJob, stored: int, unknown: Mapping[str, int], description: str) -> ImportReport:
    """Return what became of the staged rows."""
    staging = job.staging
    rejected = staging.count_rows("SELECT DISTINCT line FROM rejects WHERE whole")
    invalid_lines = staging.count_rows(f"SELECT DISTINCT line FROM rejects ANTI JOIN {RAW_TABLE} USING (line)")
    read = staging.count_rows(f"FROM {RAW_TABLE}") + invalid_lines
    padded = staging.count_rows(f"FROM remarks WHERE reason = {quote_literal(PADDED)}")
    return ImportReport(
        read,
        stored,
        read - stored - rejected,
        rejected,
        emptied=staging.count_rows("FROM rejects WHERE NOT whole"),
        not_served=staging.count_rows("FROM remarks") - padded,
        padded=padded,
        unknown=unknown,
        reasons=staging.reject_reasons(),
        format=description,
    )


def _other_headers(reader: TableReader, sources: Mapping[str, ColumnSource]) -> dict[str, str]:
    """Return the headers that a mapping gives other names, by these."""
    headers = {name: reader.header[source.number] for name, source in sources.items() if source.number is not None}
    return {name: header for name, header in headers.items() if header != name}


def _check_kind(kind: str, file_kind: FileKind, reader: TableReader, catalogue: Catalogue) -> None:
    """Raise UserError for a file with all columns of another kind, and not those of this one."""
    header = set(reader.header)
    if header >= set(file_kind.required):
        return
    for other, other_kind in FILE_KINDS.items():
        if set(other_kind.required) <= header <= other_kind.columns(catalogue).keys():
            message = f"this has the columns of `{other}`, not of `{kind}`"
            raise UserError([Problem(reader.column_place(0), message, "other_kind", f"`viesti import {other} FILE`")])
