"""Import of a data file into an opened workspace."""

from pathlib import Path

from audiences.imports.file_kind import FileKind
from audiences.imports.import_file import import_file
from audiences.imports.import_report import ImportReport, ProgressCallback
from audiences.imports.mapping import ImportMapping
from campaigns.workspace.context import Context


def import_data(
    context: Context,
    kind: str,
    file: Path,
    on_progress: ProgressCallback = lambda _progress: None,
    mapping: ImportMapping | None = None,
    file_kind: FileKind | None = None,
) -> ImportReport:
    """Import a file of one kind (see `audiences.imports`); rejected rows are written to `data/rejects`.

    `file_kind` is given where another room stores the rows.
    """
    repository = context.repository
    return import_file(
        kind,
        file,
        ledger=context.ledger,
        warehouse=repository.warehouse,
        settings=repository.settings,
        clock=context.clock,
        signer=context.signer,
        rejects=context.workspace.data / "rejects",
        mapping=mapping,
        on_progress=on_progress,
        file_kind=file_kind,
    )
