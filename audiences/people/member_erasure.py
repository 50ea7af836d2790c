"""Erasure of a member (GD-12): hidden at once; the nightly job deletes the rows themselves (see `retention`)."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

import pyarrow as pa
from sqlalchemy import Connection, delete, exists, func, insert, select, update

from audiences.consent.suppressions import AddressKind
from audiences.people.contacts import contact_of
from audiences.tables import (
    CHOICE_ENTRY,
    CONTACT,
    ERASED_ADDRESS,
    MEMBER_TABLES,
    SUPPRESSION,
)
from audiences.warehouse import columns
from audiences.warehouse.sql_quoting import quote_literal
from audiences.warehouse.warehouse import WHOLE_TABLE, Warehouse
from campaigns.core.tokens import Signer

_PARQUET: Final = "(FORMAT parquet, COMPRESSION zstd)"


def tombstone_members(warehouse: Warehouse, members: Iterable[str], as_of: datetime) -> None:
    """Hide these members from every reader that connects from now on, and from every later import."""
    with warehouse.write_lock():
        warehouse.publish_state({"tombstones": {WHOLE_TABLE: [write_tombstones(warehouse, members, as_of)]}}, as_of)


def write_tombstones(warehouse: Warehouse, members: Iterable[str], as_of: datetime) -> Path:
    """Write the tombstone file of the next state, with these members added; call while holding the write lock."""
    file, erased = warehouse.new_file_path("tombstones"), list(members)
    earlier = warehouse.select_stored("tombstones", columns.TOMBSTONES)
    with closing(warehouse.connect_for_members(erased, as_of)) as connection:
        connection.register("forgotten", pa.table({"member_id": pa.array(erased, pa.string())}))
        connection.execute(
            f"COPY (FROM ({earlier}) UNION FROM forgotten ORDER BY member_id) TO {quote_literal(str(file))} {_PARQUET}"
        )
    return file


def pseudonym(signer: Signer, member_id: str) -> str:
    """Return the id of an erased member for rows that must stay: record of choices, decisions, audit log."""
    return f"erased-{signer.keyed_hash('erased', member_id)}"


def erase_from_ledger(connection: Connection, signer: Signer, member_id: str, now: datetime) -> None:
    """Delete a member from the ledger; raise UserError when there is none.

    Keyed hashes of the addresses stay, to block an import of the same person. The record of choices stays under a
    `pseudonym`, as proof of permission. Suppressions stay where other members have the address, too.
    """
    contact = contact_of(connection, member_id)
    addresses = {AddressKind.EMAIL: contact["email"], AddressKind.PHONE: contact["phone"]}
    for kind, value in addresses.items():
        if value is not None:
            _store_hash(connection, signer.keyed_hash(kind.value, _normalised(kind, value)), kind, now)
    for table in MEMBER_TABLES:
        connection.execute(delete(table).where(table.c.member_id == member_id))
    connection.execute(
        update(CHOICE_ENTRY)
        .where(CHOICE_ENTRY.c.member_id == member_id)
        .values(member_id=pseudonym(signer, member_id), agent=None)
    )
    _delete_suppressions(connection, {**addresses, AddressKind.ADDRESS: contact["address_key"]})


def erased_address_hashes(connection: Connection) -> frozenset[str]:
    """Return the hashes of all addresses of erased members."""
    return frozenset(connection.execute(select(ERASED_ADDRESS.c.digest)).scalars())


def is_erased_address(signer: Signer, kind: AddressKind, value: str | None, erased: frozenset[str]) -> bool:
    """Return whether an address in the ledger's form was an erased member's, by any key still in use."""
    return value is not None and not erased.isdisjoint(signer.keyed_hashes(kind.value, _normalised(kind, value)))


def _store_hash(connection: Connection, digest: str, kind: AddressKind, now: datetime) -> None:
    known = select(ERASED_ADDRESS.c.digest).where(ERASED_ADDRESS.c.digest == digest)
    if connection.execute(known).first() is None:
        connection.execute(insert(ERASED_ADDRESS).values(digest=digest, kind=kind.value, at=now))


def _delete_suppressions(connection: Connection, addresses: Mapping[AddressKind, str | None]) -> None:
    """Delete the suppressions of addresses without a member: they are stored in plain text."""
    columns = {
        AddressKind.EMAIL: func.lower(CONTACT.c.email),
        AddressKind.PHONE: CONTACT.c.phone,
        AddressKind.ADDRESS: CONTACT.c.address_key,
    }
    for kind, value in addresses.items():
        if value is not None:
            shared = exists().where(columns[kind] == SUPPRESSION.c.value)
            same_address = (SUPPRESSION.c.kind == kind.value, SUPPRESSION.c.value == _normalised(kind, value))
            connection.execute(delete(SUPPRESSION).where(*same_address, ~shared))


def _normalised(kind: AddressKind, value: str) -> str:
    return value.lower() if kind is AddressKind.EMAIL else value
