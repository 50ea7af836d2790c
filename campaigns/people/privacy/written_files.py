"""Backups and exports that commands wrote: registered, and deleted when their retention is over or a member is erased.

A file is deleted only where it was written and only unchanged: another one in its place is somebody else's.
"""

import logging
from collections.abc import Iterable
from datetime import timedelta
from hashlib import file_digest
from pathlib import Path
from platform import node
from typing import Final

from campaigns.core.errors import UserError
from campaigns.core.model.retention_evidence import RetentionEvidence
from campaigns.core.regular_files import is_regular, open_regular
from campaigns.store.people import kept_files
from campaigns.store.people.kept_files import KeptFileKind
from campaigns.store.people.people_tables import KeptFile
from campaigns.workspace.context import Context

_LOG: Final = logging.getLogger("viesti")


def register_file(context: Context, kind: KeptFileKind, file: Path, member_id: str | None = None) -> None:
    """Register a file that was just written; a pipe or a terminal is none."""
    if not is_regular(file):
        return
    row = KeptFile(
        kind=kind.value,
        path=str(file.resolve()),
        machine=node(),
        digest=_digest(file),
        member_id=member_id,
        made_at=context.clock.now(),
    )
    with context.ledger.write() as connection:
        kept_files.add(connection, row)


def delete_exports(context: Context, member_id: str) -> None:
    """Delete the exports of a member that were written on this machine."""
    with context.ledger.read() as connection:
        files = kept_files.list_of_member(connection, member_id, node())
    _delete(context, files)


def delete_old_files(context: Context) -> tuple[RetentionEvidence, ...]:
    """Delete backups and exports past their retention on this machine; return the evidence."""
    settings = context.repository.settings.retention
    periods = {
        KeptFileKind.BACKUP: settings.backups,
        KeptFileKind.EXPORT: settings.exports,
        KeptFileKind.COUPONS: settings.exports,
    }
    return tuple(_evidence(context, kind, period) for kind, period in periods.items())


def registered_paths(context: Context) -> list[Path]:
    """Return the registered files of this machine."""
    with context.ledger.read() as connection:
        return [Path(path) for path in kept_files.list_paths(connection, node())]


def _evidence(context: Context, kind: KeptFileKind, period: timedelta) -> RetentionEvidence:
    with context.ledger.read() as connection:
        files = kept_files.list_made_before(connection, kind, node(), context.clock.now() - period)
    removed = _delete(context, files)
    with context.ledger.read() as connection:
        return RetentionEvidence(f"{kind} files", period, removed, *kept_files.remaining(connection, kind))


def _delete(context: Context, files: Iterable[KeptFile]) -> int:
    """Delete files and strike them from the register; return how many there were.

    A file that cannot be read or deleted, as in a folder of another account, stays registered: the next night tries
    again, and neither an erasure nor the other files wait for it.
    """
    gone = []
    for file in files:
        try:
            _delete_unchanged(Path(file.path), file.digest)
        except OSError as error:
            _LOG.warning("%s: this file cannot be deleted: %s", file.path, error.strerror)
        else:
            gone.append(file.number or 0)
    if gone:
        with context.ledger.write() as connection:
            kept_files.remove(connection, gone)
    return len(gone)


def _delete_unchanged(path: Path, digest: str) -> None:
    """Delete a file unless another one, a folder or a pipe has taken its place; raise OSError when that fails."""
    try:
        is_ours = _digest(path) == digest
    except (FileNotFoundError, NotADirectoryError):
        return
    except UserError:
        is_ours = False
    if is_ours:
        path.unlink(missing_ok=True)
    else:
        _LOG.warning("%s: another file has taken its place, and stays", path)


def _digest(file: Path) -> str:
    with open_regular(file) as stream:
        return file_digest(stream, "sha256").hexdigest()
