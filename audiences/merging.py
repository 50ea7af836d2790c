"""Two ids of one person made one: the most restrictive of both records holds (C-12), and purchases go over."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, literal, select, update

from audiences import choices, contacts
from audiences.erasure import tombstones
from audiences.people import contact_of
from audiences.quoting import text
from audiences.stance import merged
from audiences.tables import (
    CHOICE_ENTRY,
    CHOICES,
    CONTACT,
    FORMER_UNIT,
    MEMBER_SESSION,
    ONE_TIME_CODE,
    OWN_CHANGE,
    SIGN_UP,
    UNIT,
)
from audiences.views import stored_tables
from audiences.warehouse import WHOLE, Opened, Warehouse
from campaigns.errors import AuthorError

_EVENTS: Final = ("purchases", "receipts", "sent")
_ADDRESS: Final = ("street", "postal_code", "city")
_GAPS: Final = ("household_id", "first_name", "last_name", "email", "phone")
_OF_THE_OTHER: Final = (
    CONTACT,
    CHOICES,
    CHOICE_ENTRY,
    UNIT,
    FORMER_UNIT,
    ONE_TIME_CODE,
    MEMBER_SESSION,
    SIGN_UP,
    OWN_CHANGE,
)


def mergeable(connection: Connection, member_id: str, into: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The contacts of both; AuthorError when there is no such member, or they are one."""
    if member_id == into:
        raise AuthorError.about(into, "a member cannot be merged with itself", "same_member", "give two ids")
    return contact_of(connection, member_id), contact_of(connection, into)


def merge_people(connection: Connection, member_id: str, into: str, now: datetime) -> None:
    """Let `into` stand for `member_id`, too, in the ledger; AuthorError when they are not `mergeable`.

    Choices: what either refused stays refused, also by a later import. Contact: gaps are filled, nothing is replaced.
    Those who were held out with the one are held out with the other.
    """
    other, kept = mergeable(connection, member_id, into)
    said = choices.entries_of(connection, [member_id, into])
    choices.record(connection, merged(into, said[into], said[member_id], now))
    _unite(connection, member_id, into, now)
    for table in _OF_THE_OTHER:
        connection.execute(delete(table).where(table.c.member_id == member_id))
    filled = _filled(kept, other)
    if filled:
        contacts.write(connection, [{"member_id": into, **filled}], kept["language"])


def merge_purchases(warehouse: Warehouse, member_id: str, into: str, as_of: datetime) -> int:
    """Give what a member bought and was sent before to another, and hide the member; returns how many rows went over.

    All of it becomes visible at once. The member's profile is dropped, and no import brings it back.
    """
    with warehouse.writing(), closing(warehouse.connect(as_of)) as connection:
        handing = _Handing(warehouse, connection, member_id, into)
        moved = sum(handing.hand_over(table) for table in _EVENTS)
        handing.changes["tombstones"] = {WHOLE: [tombstones(warehouse, [member_id], as_of)]}
        warehouse.replace(handing.changes, as_of)
    return moved


@dataclass
class _Handing:
    """Writes anew, under the other's id, the files that hold rows of the one; `changes` is what comes of it."""

    warehouse: Warehouse
    connection: Opened
    member_id: str
    into: str
    changes: dict[str, dict[str, list[Path]]] = field(default_factory=dict)

    def hand_over(self, table: str) -> int:
        """Hand the rows of a table over; returns how many."""
        types, manifest, moved = stored_tables(self.warehouse.catalogue)[table], self.warehouse.manifest(), 0
        asked = frozenset(manifest.files_about(table, [self.member_id]))
        renamed = f"if(member_id = {text(self.member_id)}, {text(self.into)}, member_id) AS member_id"
        for part, files in manifest.parts(table).items():
            rows = {file: self._rows(self.warehouse.rows_of([file], types)) for file in files if file in asked}
            touched = [file for file in rows if rows[file]]
            if touched:
                query = f"SELECT * REPLACE ({renamed}) FROM ({self.warehouse.rows_of(touched, types)})"
                written = self.warehouse.write(self.connection, query, table, part)
                left = [self.warehouse.root / file for file in files if file not in touched]
                self.changes.setdefault(table, {})[part] = [*left, *written]
                moved += sum(rows.values())
        return moved

    def _rows(self, rows: str) -> int:
        counted = self.connection.execute(f"SELECT count(*) FROM ({rows}) WHERE member_id = $1", [self.member_id])
        return int(counted.fetchall()[0][0])


def _unite(connection: Connection, member_id: str, into: str, now: datetime) -> None:
    """Bring all of both units under the older number."""
    both = select(UNIT.c.number).where(UNIT.c.member_id.in_([member_id, into]))
    numbers = sorted(set(connection.execute(both).scalars()))
    if len(numbers) > 1:
        oldest = numbers[0]
        leaving = UNIT.c.number.in_(numbers[1:])
        names = ["member_id", "number", "since", "until"]
        past = select(UNIT.c.member_id, UNIT.c.number, UNIT.c.since, literal(now, FORMER_UNIT.c.until.type))
        connection.execute(insert(FORMER_UNIT).from_select(names, past.where(leaving, UNIT.c.since < now)))
        connection.execute(update(UNIT).where(leaving).values(number=oldest, since=now))


def _filled(kept: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """What the other's contact knows and the kept one does not; a postal address is taken whole or not at all."""
    address = _ADDRESS if kept["street"] is None and other["street"] is not None else ()
    gaps = [name for name in _GAPS if kept[name] is None and other[name] is not None]
    return {name: other[name] for name in (*gaps, *address)}
