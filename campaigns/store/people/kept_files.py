"""Register of files that commands wrote where an operator said, so that they can be deleted in time."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, delete, func, insert, select, update

from campaigns.store.people.people_tables import KEPT_FILE, KeptFile


class KeptFileKind(StrEnum):
    """Kind of a file: the whole ledger, everything about one member, or coupons of many members for the tills."""

    BACKUP = "backup"
    EXPORT = "export"
    COUPONS = "coupons"


def add(connection: Connection, file: KeptFile) -> None:
    """Register a file that was written."""
    connection.execute(insert(KEPT_FILE).values(**file.model_dump(exclude={"number"})))


def list_made_before(connection: Connection, kind: KeptFileKind, machine: str, limit: datetime) -> Sequence[KeptFile]:
    """Return the files of a kind on a machine that were written before a moment."""
    of_kind = (KEPT_FILE.c.kind == kind, KEPT_FILE.c.machine == machine, KEPT_FILE.c.made_at < limit)
    return [KeptFile(**row) for row in connection.execute(select(KEPT_FILE).where(*of_kind)).mappings()]


def list_of_member(connection: Connection, member_id: str, machine: str) -> Sequence[KeptFile]:
    """Return the exports of a member on a machine."""
    of_member = (KEPT_FILE.c.member_id == member_id, KEPT_FILE.c.machine == machine)
    return [KeptFile(**row) for row in connection.execute(select(KEPT_FILE).where(*of_member)).mappings()]


def list_paths(connection: Connection, machine: str) -> Sequence[str]:
    """Return the paths of all registered files on a machine."""
    return connection.execute(select(KEPT_FILE.c.path).where(KEPT_FILE.c.machine == machine)).scalars().all()


def newest(connection: Connection, kind: KeptFileKind, member_id: str | None = None) -> datetime | None:
    """Return when the newest file of a kind was written, of one member if one is named, on any machine."""
    query = select(func.max(KEPT_FILE.c.made_at)).where(KEPT_FILE.c.kind == kind)
    if member_id is not None:
        query = query.where(KEPT_FILE.c.member_id == member_id)
    made_at: datetime | None = connection.execute(query).scalar_one()
    return made_at


def remaining(connection: Connection, kind: KeptFileKind) -> tuple[int, datetime | None]:
    """Return how many files of a kind are registered, and when the oldest was written."""
    query = select(func.count(), func.min(KEPT_FILE.c.made_at)).where(KEPT_FILE.c.kind == kind)
    count, oldest = connection.execute(query).one()
    return count, oldest


def remove(connection: Connection, numbers: Sequence[int]) -> None:
    """Remove deleted files from the register."""
    connection.execute(delete(KEPT_FILE).where(KEPT_FILE.c.number.in_(numbers)))


def reassign(connection: Connection, member_id: str, other: str | None) -> None:
    """Move the exports of a member to another id; None leaves them without a member."""
    connection.execute(update(KEPT_FILE).where(KEPT_FILE.c.member_id == member_id).values(member_id=other))
