"""Backups of the ledger: one SQLite file from either kind of database, restored into either."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from struct import Struct
from tempfile import TemporaryDirectory, gettempdir
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from campaigns.core.errors import UserError, report_write_errors
from campaigns.core.private_files import make_parents
from campaigns.core.regular_files import open_regular
from campaigns.store.admin import schema
from campaigns.store.admin.copy import RowCounts, analyse, copy_rows
from campaigns.store.admin.suspend import SuspendResult, suspend
from campaigns.store.ledger.connection import Ledger, ProgressCallback

_HEADER: Final = Struct(">16sH6xII60xI")
"""Beginning of an SQLite file: its words, page size, change counter, number of pages, and the change they hold for."""


def backup(ledger: Ledger, file: Path, on_progress: ProgressCallback) -> RowCounts:
    """Write a snapshot of the ledger into a new SQLite file; sending goes on meanwhile.

    Raises UserError when the file exists or cannot be written. A crash leaves no file of that name. A backup holds all
    personal data of the ledger: keep it as safe, and no longer than permitted.
    """
    if file.exists():
        raise UserError.about(str(file), "this file is there already", "file_exists", "give another name")
    with report_write_errors(file):
        return _write(ledger, file, on_progress)


def _write(ledger: Ledger, file: Path, on_progress: ProgressCallback) -> RowCounts:
    make_parents(file)
    with TemporaryDirectory(prefix=f".{file.name}-", dir=file.parent) as folder:
        unfinished = Path(folder) / "ledger.sqlite"
        with closing(Ledger.from_path(unfinished)) as target:
            schema.prepare(target)
            with ledger.read() as source_connection, target.write() as target_connection:
                counted = copy_rows(source_connection, target_connection, on_progress)
        unfinished.rename(file)
    return counted


def restore(
    file: Path, ledger: Ledger, erase: Callable[[Connection], None], on_progress: ProgressCallback
) -> tuple[RowCounts, SuspendResult]:
    """Restore a backup into an empty ledger and suspend all sending.

    `erase` removes members who were erased after the backup. All happens in one transaction. Sending is suspended
    because the backup does not know the messages sent after it. Raises UserError when the file is no backup, or when
    the ledger holds rows. A backup of an older version is upgraded first.
    """
    with _readable(file) as source:
        schema.prepare(ledger)
        with source.read() as source_connection, ledger.write() as target_connection:
            counted = copy_rows(source_connection, target_connection, on_progress)
            erase(target_connection)
            suspended = suspend(target_connection, f"restored from {file.name}")
    analyse(ledger, counted)
    return counted, suspended


@contextmanager
def _readable(file: Path) -> Iterator[Ledger]:
    """Yield a copy of the backup, upgraded to this version; the file itself is not touched."""
    _check(file)
    with TemporaryDirectory(prefix="viesti-") as folder:
        copy = Path(shutil.copyfile(file, Path(folder) / "ledger.sqlite"))
        with closing(Ledger.from_path(copy)) as source:
            if _revision(source) is None:
                raise _no_backup(file)
            schema.upgrade(source)
            yield source


def _revision(source: Ledger) -> str | None:
    try:
        with source.read() as connection:
            return schema.revision(connection)
    except DatabaseError:
        return None


def _check(file: Path) -> None:
    try:
        with open_regular(file) as stream:
            header, size = stream.read(_HEADER.size), os.fstat(stream.fileno()).st_size
    except OSError as error:
        message = f"this file cannot be read: {error.strerror}"
        raise UserError.about(str(file), message, "unreadable", "name a file that `viesti db backup` wrote") from error
    if len(header) < _HEADER.size:
        raise _no_backup(file)
    magic, page_size, changes, pages, valid_for = _HEADER.unpack(header)
    if magic != b"SQLite format 3\0":
        raise _no_backup(file)
    expected = (65536 if page_size == 1 else page_size) * pages
    if changes == valid_for and size != expected:
        message = f"this backup is not whole: it has {size} bytes, and its header says {expected}"
        raise UserError.about(str(file), message, "cut_off", "copy the backup again, or name another one")
    if size > shutil.disk_usage(gettempdir()).free:
        message = f"there is no room for a copy of {size} bytes in {gettempdir()}"
        raise UserError.about(str(file), message, "disk_full", "make room there, or name another folder by TMPDIR")


def _no_backup(file: Path) -> UserError:
    return UserError.about(
        str(file), "this is no backup of a ledger", "no_backup", "`viesti db backup FILE` writes one"
    )
