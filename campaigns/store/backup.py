"""Backups of the ledger: a file of their own kind, whatever database it was made from, and brought back into any."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from campaigns.errors import AuthorError, writing
from campaigns.ledger import Ledger
from campaigns.store import schema
from campaigns.store.copying import Counted, Told, analyse, fill
from campaigns.store.holding import Held, hold


def backup(ledger: Ledger, file: Path, told: Told) -> Counted:
    """Write the ledger, as it is at one moment, into a new SQLite file; sending goes on meanwhile.

    AuthorError when the file is there or cannot be written. A crash leaves no file of that name. It holds everything
    about members that the ledger does: keep it as safe, and no longer than you may.
    """
    if file.exists():
        raise AuthorError.about(str(file), "this file is there already", "file_exists", "give another name")
    with writing(file):
        return _write(ledger, file, told)


def _write(ledger: Ledger, file: Path, told: Told) -> Counted:
    file.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{file.name}-", dir=file.parent) as folder:
        unfinished = Path(folder) / "ledger.sqlite"
        with closing(Ledger.at(unfinished)) as target:
            schema.prepare(target)
            with ledger.read() as connection, target.write() as arriving:
                counted = fill(connection, arriving, told)
        unfinished.chmod(0o600)
        unfinished.rename(file)
    return counted


def restore(file: Path, ledger: Ledger, forget: Callable[[Connection], None], told: Told) -> tuple[Counted, Held]:
    """Bring a backup back into an empty ledger, `forget` those who were erased since, and hold everything.

    All in one transaction. It is held because the backup cannot know what was sent after it. AuthorError when the file
    is no backup, or the ledger holds anything. A backup of an older version is brought up to this one.
    """
    with _readable(file) as source:
        schema.prepare(ledger)
        with source.read() as connection, ledger.write() as arriving:
            counted = fill(connection, arriving, told)
            forget(arriving)
            held = hold(arriving, f"restored from {file.name}")
    analyse(ledger, counted)
    return counted, held


@contextmanager
def _readable(file: Path) -> Iterator[Ledger]:
    """A copy of the backup at this version's tables; the file itself is not touched."""
    _check(file)
    with TemporaryDirectory(prefix="viesti-") as folder:
        copied = Path(shutil.copyfile(file, Path(folder) / "ledger.sqlite"))
        with closing(Ledger.at(copied)) as source:
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
        with file.open("rb") as opened:
            magic = opened.read(16)
    except OSError as error:
        message = f"this file cannot be read: {error.strerror}"
        raise AuthorError.about(
            str(file), message, "unreadable", "name a file that `viesti db backup` wrote"
        ) from error
    if magic != b"SQLite format 3\0":
        raise _no_backup(file)


def _no_backup(file: Path) -> AuthorError:
    return AuthorError.about(
        str(file), "this is no backup of a ledger", "no_backup", "`viesti db backup FILE` writes one"
    )
