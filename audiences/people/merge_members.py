"""Merge of two ids of one person: the most restrictive choices win (C-12), and purchases move to the kept id."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, literal, select, update

from audiences.consent import choices
from audiences.consent.consent_state import merge_entries
from audiences.people import contacts
from audiences.people.contacts import contact_of
from audiences.people.member_erasure import write_tombstones
from audiences.tables import (
    CHOICE_ENTRY,
    FORMER_HOLDOUT_UNIT,
    HOLDOUT_UNIT,
    MEMBER_TABLES,
)
from audiences.warehouse.sql_quoting import quote_literal
from audiences.warehouse.views import stored_tables
from audiences.warehouse.warehouse import WHOLE_TABLE, Warehouse, WarehouseConnection
from campaigns.core.errors import UserError

_EVENTS: Final = ("purchases", "receipts", "sent")
_ADDRESS: Final = ("street", "postal_code", "city")
_FILLABLE: Final = ("household_id", "first_name", "last_name", "email", "phone")


def contacts_to_merge(connection: Connection, member_id: str, into: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the contacts of both members; raise UserError when one is unknown or both are the same."""
    if member_id == into:
        raise UserError.about(into, "a member cannot be merged with itself", "same_member", "give two ids")
    return contact_of(connection, member_id), contact_of(connection, into)


def merge_members(connection: Connection, member_id: str, into: str, now: datetime) -> Mapping[str, Any]:
    """Merge `member_id` into `into` in the ledger; raise UserError as `contacts_to_merge` does.

    Choices: a refusal in either record stays, also against a later import.
    Contact: gaps are filled, nothing is replaced.
    Holdout: a member held out under one id is held out under the other. Return the gaps that were filled.
    """
    merged_contact, contact = contacts_to_merge(connection, member_id, into)
    entries = choices.entries_of(connection, [member_id, into])
    choices.record_choices(connection, merge_entries(into, entries[into], entries[member_id], now))
    _join_units(connection, member_id, into, now)
    for table in (CHOICE_ENTRY, *MEMBER_TABLES):
        connection.execute(delete(table).where(table.c.member_id == member_id))
    gaps = _fill_gaps(contact, merged_contact)
    if gaps:
        contacts.upsert_contacts(connection, [{"member_id": into, **gaps}], contact["language"])
    return gaps


def merge_purchases(warehouse: Warehouse, member_id: str, into: str, as_of: datetime) -> int:
    """Move purchases, receipts and earlier messages of `member_id` to `into`; return the number of rows moved.

    All of it becomes visible at once. The member is tombstoned: the profile is dropped, and no import brings it back.
    Call while holding the write lock.
    """
    with closing(warehouse.connect(as_of)) as connection:
        mover = _RowMover(warehouse, connection, member_id, into)
        moved = sum(mover.move_rows(table) for table in _EVENTS)
        mover.changes["tombstones"] = {WHOLE_TABLE: [write_tombstones(warehouse, [member_id], as_of)]}
        warehouse.publish_state(mover.changes, as_of)
    return moved


@dataclass
class _RowMover:
    """Rewriter of the files that hold rows of one member, under the other id; `changes` collects the new parts."""

    warehouse: Warehouse
    connection: WarehouseConnection
    member_id: str
    into: str
    changes: dict[str, dict[str, list[Path]]] = field(default_factory=dict)

    def move_rows(self, table: str) -> int:
        """Move the rows of a table; return how many."""
        types, manifest, moved = stored_tables(self.warehouse.catalogue)[table], self.warehouse.manifest(), 0
        candidates = frozenset(manifest.files_with_members(table, [self.member_id]))
        renamed = f"if(member_id = {quote_literal(self.member_id)}, {quote_literal(self.into)}, member_id) AS member_id"
        for part, files in manifest.parts(table).items():
            rows = {
                file: self._count(self.warehouse.select_files([file], types)) for file in files if file in candidates
            }
            touched = [file for file in rows if rows[file]]
            if touched:
                query = f"SELECT * REPLACE ({renamed}) FROM ({self.warehouse.select_files(touched, types)})"
                new_files = self.warehouse.write_files(self.connection, query, table, part)
                unchanged = [self.warehouse.root / file for file in files if file not in touched]
                self.changes.setdefault(table, {})[part] = [*unchanged, *new_files]
                moved += sum(rows.values())
        return moved

    def _count(self, rows: str) -> int:
        result = self.connection.execute(f"SELECT count(*) FROM ({rows}) WHERE member_id = $1", [self.member_id])
        return int(result.fetchall()[0][0])


def _join_units(connection: Connection, member_id: str, into: str, now: datetime) -> None:
    """Put both units under the older number."""
    both = select(HOLDOUT_UNIT.c.number).where(HOLDOUT_UNIT.c.member_id.in_([member_id, into]))
    numbers = sorted(set(connection.execute(both).scalars()))
    if len(numbers) > 1:
        oldest = numbers[0]
        younger = HOLDOUT_UNIT.c.number.in_(numbers[1:])
        names = ["member_id", "number", "since", "until"]
        past = select(
            HOLDOUT_UNIT.c.member_id,
            HOLDOUT_UNIT.c.number,
            HOLDOUT_UNIT.c.since,
            literal(now, FORMER_HOLDOUT_UNIT.c.until.type),
        )
        connection.execute(
            insert(FORMER_HOLDOUT_UNIT).from_select(names, past.where(younger, HOLDOUT_UNIT.c.since < now))
        )
        connection.execute(update(HOLDOUT_UNIT).where(younger).values(number=oldest, since=now))


def _fill_gaps(contact: Mapping[str, Any], merged_contact: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values missing in the kept contact; a postal address is taken whole or not at all."""
    address = _ADDRESS if contact["street"] is None and merged_contact["street"] is not None else ()
    gaps = [name for name in _FILLABLE if contact[name] is None and merged_contact[name] is not None]
    return {name: merged_contact[name] for name in (*gaps, *address)}
