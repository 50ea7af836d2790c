"""Proposal of a mapping for an import file, as a file of the workspace."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from audiences.imports.chunk import check_column_count
from audiences.imports.column_kinds import column_kinds
from audiences.imports.proposal import propose_mapping
from audiences.imports.table_reader import open_reader
from campaigns.core.errors import UserError, report_write_errors
from campaigns.core.private_files import inherited_umask
from campaigns.workspace.repository import WorkspaceRepository


@dataclass(frozen=True, slots=True)
class WrittenProposal:
    """Proposed mapping file, what the import file is, what its author has to decide, and the columns not read."""

    path: Path
    format: str
    doubts: tuple[str, ...]
    not_read: tuple[str, ...]


def write_proposal(
    repository: WorkspaceRepository,
    kind: str,
    file: Path,
    columns: Collection[str],
    required: Collection[str],
    *,
    overwrite: bool,
) -> WrittenProposal:
    """Write a mapping for an import file to `config/mappings`; raise UserError when it exists, unless `overwrite`.

    `columns` are those that files of the kind may have, `required` those that they must have.
    """
    path = repository.workspace.mappings / f"{kind}-{file.stem}.yaml"
    if path.exists() and not overwrite:
        hint = "`--force` replaces it; `--mapping` uses it"
        raise UserError.about(str(path), "there is a mapping already", "mapping_exists", hint)
    reader = open_reader(file)
    check_column_count(file, reader.header)
    kinds = column_kinds(kind, repository.catalogue, repository.settings)
    proposal = propose_mapping(kind, file.name, reader, columns, required, kinds)
    with report_write_errors(path), inherited_umask():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(proposal.text, encoding="utf-8")
    return WrittenProposal(path, reader.description, proposal.doubts, proposal.not_read)
