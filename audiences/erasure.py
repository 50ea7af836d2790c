"""Forgetting a member (GD-12): out of sight at once; the rows themselves go with the nightly job (see `retention`)."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

import pyarrow as pa
from sqlalchemy import Connection, delete, exists, func, insert, select, update

from audiences import columns
from audiences.people import contact_of
from audiences.quoting import text
from audiences.suppressions import AddressKind
from audiences.tables import (
    CHOICE_ENTRY,
    CHOICES,
    CONTACT,
    ERASED_ADDRESS,
    FORMER_UNIT,
    MEMBER_SESSION,
    ONE_TIME_CODE,
    OWN_CHANGE,
    SIGN_UP,
    SUPPRESSION,
    UNIT,
)
from audiences.warehouse import WHOLE, Warehouse
from campaigns.tokens import Signer

_PARQUET: Final = "(FORMAT parquet, COMPRESSION zstd)"
_ABOUT_ONE: Final = (CONTACT, CHOICES, UNIT, FORMER_UNIT, ONE_TIME_CODE, MEMBER_SESSION, SIGN_UP, OWN_CHANGE)


def bury(warehouse: Warehouse, members: Iterable[str], as_of: datetime) -> None:
    """Put these members out of sight of every reader who connects from now on, and of every later import."""
    with warehouse.writing():
        warehouse.replace({"tombstones": {WHOLE: [tombstones(warehouse, members, as_of)]}}, as_of)


def tombstones(warehouse: Warehouse, members: Iterable[str], as_of: datetime) -> Path:
    """Write the next state's file of tombstones, these members added; call while `warehouse.writing`."""
    file, gone = warehouse.new_file("tombstones"), list(members)
    earlier = warehouse.stored_rows("tombstones", columns.TOMBSTONES)
    with closing(warehouse.about(gone, as_of)) as connection:
        connection.register("forgotten", pa.table({"member_id": pa.array(gone, pa.string())}))
        connection.execute(
            f"COPY (FROM ({earlier}) UNION FROM forgotten ORDER BY member_id) TO {text(str(file))} {_PARQUET}"
        )
    return file


def pseudonym(signer: Signer, member_id: str) -> str:
    """What an erased member is called where something must stay: the record of choices, decisions, the audit log."""
    return f"erased-{signer.opaque('erased', member_id)}"


def forget(connection: Connection, signer: Signer, member_id: str, now: datetime) -> None:
    """Delete what the ledger knows of a member; AuthorError when there is none.

    Keyed hashes of the addresses stay, to block an import of the same person, and the record of choices under a
    `pseudonym`, as proof of what was permitted. Suppressions stay where others have the address, too.
    """
    contact = contact_of(connection, member_id)
    known = {AddressKind.EMAIL: contact["email"], AddressKind.PHONE: contact["phone"]}
    for kind, value in known.items():
        if value is not None:
            _remember(connection, signer.opaque(kind.value, _compared(kind, value)), kind, now)
    for table in _ABOUT_ONE:
        connection.execute(delete(table).where(table.c.member_id == member_id))
    connection.execute(
        update(CHOICE_ENTRY)
        .where(CHOICE_ENTRY.c.member_id == member_id)
        .values(member_id=pseudonym(signer, member_id), agent=None)
    )
    _unsuppress(connection, {**known, AddressKind.ADDRESS: contact["address_key"]})


def erased_addresses(connection: Connection) -> frozenset[str]:
    """The hashes of all addresses of erased members."""
    return frozenset(connection.execute(select(ERASED_ADDRESS.c.digest)).scalars())


def is_erased(signer: Signer, kind: AddressKind, value: str | None, erased: frozenset[str]) -> bool:
    """Whether an address, as the ledger writes it, was an erased member's; by every key that is still known."""
    return value is not None and not erased.isdisjoint(signer.opaques(kind.value, _compared(kind, value)))


def _remember(connection: Connection, digest: str, kind: AddressKind, now: datetime) -> None:
    known = select(ERASED_ADDRESS.c.digest).where(ERASED_ADDRESS.c.digest == digest)
    if connection.execute(known).first() is None:
        connection.execute(insert(ERASED_ADDRESS).values(digest=digest, kind=kind.value, at=now))


def _unsuppress(connection: Connection, known: Mapping[AddressKind, str | None]) -> None:
    """Delete the suppressions of addresses that nobody has any more: they are kept in plain text."""
    held = {
        AddressKind.EMAIL: func.lower(CONTACT.c.email),
        AddressKind.PHONE: CONTACT.c.phone,
        AddressKind.ADDRESS: CONTACT.c.address_key,
    }
    for kind, value in known.items():
        if value is not None:
            shared = exists().where(held[kind] == SUPPRESSION.c.value)
            of_it = (SUPPRESSION.c.kind == kind.value, SUPPRESSION.c.value == _compared(kind, value))
            connection.execute(delete(SUPPRESSION).where(*of_it, ~shared))


def _compared(kind: AddressKind, value: str) -> str:
    return value.lower() if kind is AddressKind.EMAIL else value
