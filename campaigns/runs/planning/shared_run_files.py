"""The files of a run carried by the ledger, so that whoever reaches the ledger can send: no shared folder is needed."""

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

from campaigns.core.errors import AuthorError
from campaigns.core.tokens import Signer
from campaigns.runs.planning.run_files import FrozenFields, RunFiles
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs import runs
from campaigns.store.runs.run_file_tables import RUN_FILE
from campaigns.store.runs.run_tables import RUN, Run
from campaigns.store.runs.states import ENDED_RUNS

_PART: Final = 1 << 20  # a write transaction of about 20 ms
_DEFINITION: Final = "definition"
_FIELDS: Final = "fields"
_KEY: Final = "key"


@dataclass(frozen=True, slots=True)
class SharedFiles:
    """A run's files in the ledger, and in a folder of this machine."""

    ledger: Ledger
    run: Run
    files: RunFiles

    def put(self) -> None:
        """Move the frozen fields into the ledger, with a copy of the definition; after a crash put again.

        AuthorError as soon as somebody else plans the run anew.
        """
        self._put(_DEFINITION, io.BytesIO(_packed(self.files.definition)))
        with self.files.fields.open("rb") as file:
            self._put(_FIELDS, file)
        with self.ledger.write() as connection:
            runs.hold(connection, self.run)
            self.files.close()

    def drop(self) -> None:
        """Forget what an earlier plan of the run has put into the ledger: its positions mean others now.

        AuthorError when somebody else plans the run anew, whose files these are by now.
        """
        with self.ledger.write() as connection:
            runs.hold(connection, self.run)
            connection.execute(delete(RUN_FILE).where(RUN_FILE.c.run_number == self._number))

    def ensure(self) -> None:
        """Have everything in the ledger before the run is sent; AuthorError when a part of it is on no machine."""
        if self._digest(_DEFINITION) and self._digest(_FIELDS):
            return
        if not self.files.fields.exists():
            message, hint = "the files of this plan are on another machine", f"`viesti plan {self.run.campaign}`"
            raise AuthorError.about(self.run.run_id, message, "files_elsewhere", hint)
        try:
            self.put()
        except FileNotFoundError:  # another process of this machine was faster
            if not self._digest(_FIELDS):
                raise

    def fetch_definition(self) -> None:
        """Have the definition in this machine's folder, as it is in the ledger.

        Where several processes of a machine fetch it at once, that of one stays: it is the same.
        """
        digest = self._digest(_DEFINITION)
        if digest is None or self._is_here(digest):
            return
        self.files.folder.mkdir(parents=True, exist_ok=True)
        fresh = Path(mkdtemp(dir=self.files.folder))
        with tarfile.open(fileobj=io.BytesIO(b"".join(self._parts(_DEFINITION)))) as packed:
            packed.extractall(fresh, filter="data")
        if not self._is_here(digest):
            shutil.rmtree(self.files.definition, ignore_errors=True)
            try:
                fresh.rename(self.files.definition)
            except OSError:  # its folder is not empty, when another process was faster
                if not self.files.definition.is_dir():
                    raise
            self._marker.write_text(digest, "ascii")
        shutil.rmtree(fresh, ignore_errors=True)

    def open_fields(self) -> FrozenFields:
        """The frozen fields, from a file without a name: it goes with the process, however that ends.

        FileNotFoundError when there are none any more, because the run has closed.
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
        """Whether this machine's folder has the definition of this digest."""
        return self._marker.exists() and self._marker.read_text("ascii") == digest

    @property
    def _number(self) -> int:
        return self.run.number or 0

    def _put(self, name: str, file: io.BufferedIOBase) -> None:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        parts = list(iter(lambda: file.read(_PART), b""))
        for part, content in reversed(list(enumerate(parts))):  # the first goes last: it says that all are there
            place = {"run_number": self._number, "name": name, "part": part}
            with self.ledger.write() as connection:
                runs.hold(connection, self.run)
                connection.execute(delete(RUN_FILE).filter_by(**place))
                connection.execute(insert(RUN_FILE).values(**place, sha256=digest, content=content))

    def _digest(self, name: str) -> str | None:
        whole = select(RUN_FILE.c.sha256).where(
            RUN_FILE.c.run_number == self._number, RUN_FILE.c.name == name, RUN_FILE.c.part == 0
        )
        with self.ledger.read() as connection:
            return connection.execute(whole).scalar_one_or_none()

    def _parts(self, name: str) -> Iterator[bytes]:
        part = 0
        while True:
            one = select(RUN_FILE.c.content).where(
                RUN_FILE.c.run_number == self._number, RUN_FILE.c.name == name, RUN_FILE.c.part == part
            )
            with self.ledger.read() as connection:
                content = connection.execute(one).scalar_one_or_none()
            if content is None:
                return
            yield content
            part += 1


def _packed(folder: Path) -> bytes:
    """A folder as one file, the same for the same content."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path in sorted(folder.rglob("*")):
            entry = archive.gettarinfo(str(path), str(path.relative_to(folder)))
            entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, 0, "", ""
            if path.is_file():
                with path.open("rb") as file:
                    archive.addfile(entry, file)
            else:
                archive.addfile(entry)
    return packed.getvalue()


def forget_ended(ledger: Ledger) -> None:
    """Forget what was frozen about the members of runs that have ended; the definitions stay as evidence."""
    ended = select(RUN.c.number).where(RUN.c.state.in_(ENDED_RUNS))
    frozen = (RUN_FILE.c.name == _FIELDS, RUN_FILE.c.run_number.in_(ended))
    with ledger.read() as connection:
        if connection.execute(select(RUN_FILE.c.run_number).where(*frozen).limit(1)).first() is None:
            return
    with ledger.write() as connection:
        connection.execute(delete(RUN_FILE).where(*frozen))


def agree_on_key(ledger: Ledger, signer: Signer) -> None:
    """Let every machine sign alike: AuthorError when this one's keys lack the one that the ledger knows.

    Otherwise a member's link would be refused by the server, and an event would find no delivery.
    """
    mine = signer.opaque(_KEY)
    with ledger.write() as connection:
        known = connection.execute(select(RUN_FILE.c.sha256).where(RUN_FILE.c.run_number == 0)).scalar_one_or_none()
        if known is not None and known not in signer.opaques(_KEY):
            message = "this machine signs with another key than the others that share its ledger"
            hint = "give all of them the same VIESTI_SIGNING_KEYS, or the same data/signing.key"
            raise AuthorError.about("signing keys", message, "other_key", hint)
        if known != mine:
            connection.execute(delete(RUN_FILE).where(RUN_FILE.c.run_number == 0))
            row = {"run_number": 0, "name": _KEY, "part": 0, "sha256": mine, "content": b""}
            connection.execute(insert(RUN_FILE).values(**row))
