"""Files of a run in the ledger: every machine with access to it can send, without a shared folder."""

import hashlib
import io
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile, mkdtemp
from typing import Final

from sqlalchemy import delete, insert, select

from campaigns.core.errors import UserError
from campaigns.core.private_files import FILE_MODE, FOLDER_MODE, make_private_folder, write_private
from campaigns.core.tokens import Signer
from campaigns.runs.planning.run_files import FrozenFields, RunFiles
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs import runs
from campaigns.store.runs.run_file_tables import RUN_FILE
from campaigns.store.runs.run_tables import RUN, Run
from campaigns.store.runs.states import ENDED_RUN_STATES

_PART: Final = 1 << 20  # a write transaction of about 20 ms
_DEFINITION: Final = "definition"
_FIELDS: Final = "fields"
_KEY: Final = "key"


@dataclass(frozen=True, slots=True)
class SharedRunFiles:
    """Files of a run, in the ledger and in a folder of this machine."""

    ledger: Ledger
    run: Run
    files: RunFiles

    def upload(self) -> None:
        """Move the frozen fields into the ledger, with a copy of the definition; repeat it after a crash.

        Raise UserError as soon as another process begins to plan the run.
        """
        self._put(_DEFINITION, io.BytesIO(_tar(self.files.definition)))
        with self.files.fields.open("rb") as file:
            self._put(_FIELDS, file)
        with self.ledger.write() as connection:
            runs.assert_still_planning(connection, self.run)
            self.files.delete_fields()

    def delete(self) -> None:
        """Delete the files of an earlier plan of the run from the ledger: its positions now mean other members.

        Raise UserError when another process has begun to plan the run: then the files are its own.
        """
        with self.ledger.write() as connection:
            runs.assert_still_planning(connection, self.run)
            connection.execute(delete(RUN_FILE).where(RUN_FILE.c.run_number == self._number))

    def ensure_uploaded(self) -> None:
        """Ensure that all files are in the ledger before the run is sent; raise UserError when they are missing."""
        if self._digest(_DEFINITION) and self._digest(_FIELDS):
            return
        if not self.files.fields.exists():
            message, hint = "the files of this plan are on another machine", f"`viesti plan {self.run.campaign}`"
            raise UserError.about(self.run.run_id, message, "files_elsewhere", hint)
        try:
            self.upload()
        except FileNotFoundError:  # another process of this machine was faster
            if not self._digest(_FIELDS):
                raise

    def fetch_definition(self) -> None:
        """Copy the definition from the ledger into this machine's folder.

        When several processes of a machine fetch it at once, one copy stays; all are the same.
        """
        digest = self._digest(_DEFINITION)
        if digest is None or self._is_here(digest):
            return
        make_private_folder(self.files.folder)
        new_folder = Path(mkdtemp(dir=self.files.folder))
        with tarfile.open(fileobj=io.BytesIO(b"".join(self._parts(_DEFINITION)))) as archive:
            archive.extractall(new_folder, filter=_private)  # noqa: S202 - it begins with the data filter
        if not self._is_here(digest):
            shutil.rmtree(self.files.definition, ignore_errors=True)
            try:
                new_folder.rename(self.files.definition)
            except OSError:  # its folder is not empty, when another process was faster
                if not self.files.definition.is_dir():
                    raise
            write_private(self._marker, digest.encode())
        shutil.rmtree(new_folder, ignore_errors=True)

    def open_fields(self) -> FrozenFields:
        """Return the frozen fields, in an unnamed file: it disappears with the process, however that ends.

        Raise FileNotFoundError when there are none because the run has closed.
        """
        if self._digest(_FIELDS) is None:
            raise FileNotFoundError(self.files.fields)
        with NamedTemporaryFile(dir=self.files.folder, suffix=".parquet") as file:
            for part in self._parts(_FIELDS):
                file.write(part)
            file.flush()
            return FrozenFields(Path(file.name))

    @property
    def _marker(self) -> Path:
        return self.files.folder / "definition.sha256"

    def _is_here(self, digest: str) -> bool:
        """Return whether this machine's folder has the definition with this digest."""
        return self._marker.exists() and self._marker.read_text("ascii") == digest

    @property
    def _number(self) -> int:
        return self.run.number or 0

    def _put(self, name: str, file: io.BufferedIOBase) -> None:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        parts = list(iter(lambda: file.read(_PART), b""))
        for part, content in reversed(list(enumerate(parts))):  # the first goes last: it marks the file as complete
            key = {"run_number": self._number, "name": name, "part": part}
            with self.ledger.write() as connection:
                runs.assert_still_planning(connection, self.run)
                connection.execute(delete(RUN_FILE).filter_by(**key))
                connection.execute(insert(RUN_FILE).values(**key, sha256=digest, content=content))

    def _digest(self, name: str) -> str | None:
        statement = select(RUN_FILE.c.sha256).where(
            RUN_FILE.c.run_number == self._number, RUN_FILE.c.name == name, RUN_FILE.c.part == 0
        )
        with self.ledger.read() as connection:
            return connection.execute(statement).scalar_one_or_none()

    def _parts(self, name: str) -> Iterator[bytes]:
        part = 0
        while True:
            statement = select(RUN_FILE.c.content).where(
                RUN_FILE.c.run_number == self._number, RUN_FILE.c.name == name, RUN_FILE.c.part == part
            )
            with self.ledger.read() as connection:
                content = connection.execute(statement).scalar_one_or_none()
            if content is None:
                return
            yield content
            part += 1


def _tar(folder: Path) -> bytes:
    """Return a folder as one tar file; the same content gives the same bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in sorted(folder.rglob("*")):
            entry = archive.gettarinfo(str(path), str(path.relative_to(folder)))
            entry.mode = FOLDER_MODE if path.is_dir() else FILE_MODE
            entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, 0, "", ""
            if path.is_file():
                with path.open("rb") as file:
                    archive.addfile(entry, file)
            else:
                archive.addfile(entry)
    return buffer.getvalue()


def _private(entry: tarfile.TarInfo, folder: str) -> tarfile.TarInfo:
    """Return a safe entry that only the owner will be able to read."""
    mode = FOLDER_MODE if entry.isdir() else FILE_MODE
    return tarfile.data_filter(entry, folder).replace(mode=mode, deep=False)


def delete_ended_fields(ledger: Ledger) -> None:
    """Delete the fields frozen about members of runs that have ended; the definitions stay as evidence."""
    ended = select(RUN.c.number).where(RUN.c.state.in_(ENDED_RUN_STATES))
    frozen = (RUN_FILE.c.name == _FIELDS, RUN_FILE.c.run_number.in_(ended))
    with ledger.read() as connection:
        if connection.execute(select(RUN_FILE.c.run_number).where(*frozen).limit(1)).first() is None:
            return
    with ledger.write() as connection:
        connection.execute(delete(RUN_FILE).where(*frozen))


def require_same_key(ledger: Ledger, signer: Signer) -> None:
    """Require the same signing key on all machines; raise UserError when this machine lacks the ledger's key.

    Otherwise a member's link would be refused by the server, and an event would find no delivery.
    """
    own = signer.keyed_hash(_KEY)
    with ledger.write() as connection:
        known = connection.execute(select(RUN_FILE.c.sha256).where(RUN_FILE.c.run_number == 0)).scalar_one_or_none()
        if known is not None and known not in signer.keyed_hashes(_KEY):
            message = "this machine signs with another key than the others that share its ledger"
            hint = "give all of them the same VIESTI_SIGNING_KEYS, or the same data/signing.key"
            raise UserError.about("signing keys", message, "other_key", hint)
        if known != own:
            connection.execute(delete(RUN_FILE).where(RUN_FILE.c.run_number == 0))
            row = {"run_number": 0, "name": _KEY, "part": 0, "sha256": own, "content": b""}
            connection.execute(insert(RUN_FILE).values(**row))
