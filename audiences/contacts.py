"""Contact in the ledger: how a member is reached and spoken to."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from audiences.addresses import address_key
from audiences.finding import name_key
from audiences.tables import CONTACT

_BLANK: Final[Mapping[str, Any]] = dict.fromkeys(CONTACT.c.keys())


def write(connection: Connection, rows: Sequence[Mapping[str, Any]], default_language: str) -> list[str]:
    """Store contact as given, by `member_id`; columns that a row lacks stay as they are.

    Returns the ids of those that were new or changed. Runs in the caller's write transaction: some thousand rows.
    """
    ids = [row["member_id"] for row in rows]
    found = connection.execute(select(CONTACT).where(CONTACT.c.member_id.in_(ids))).mappings()
    stored = {row["member_id"]: dict(row) for row in found}
    wanted = [_whole(row, stored.get(row["member_id"], _BLANK), default_language) for row in rows]
    changed = [row for row in wanted if row != stored.get(row["member_id"])]
    if changed:
        changed_ids = [row["member_id"] for row in changed]
        connection.execute(delete(CONTACT).where(CONTACT.c.member_id.in_(changed_ids)))
        connection.execute(insert(CONTACT), changed)
    return [row["member_id"] for row in changed]


def known(connection: Connection, members: Sequence[str]) -> set[str]:
    """Those of the ids that are members'."""
    return set(connection.execute(select(CONTACT.c.member_id).where(CONTACT.c.member_id.in_(members))).scalars())


def anybody(connection: Connection) -> bool:
    """Whether there is any member at all."""
    return connection.execute(select(CONTACT.c.member_id).limit(1)).one_or_none() is not None


def _whole(row: Mapping[str, Any], stored: Mapping[str, Any], default_language: str) -> dict[str, Any]:
    whole = {**stored, **row}
    whole["language"] = whole["language"] or default_language
    whole["mailbox"] = whole["email"].lower() if whole["email"] else None
    whole["name_key"] = name_key(whole["first_name"], whole["last_name"])
    whole["address_key"] = address_key(whole["street"], whole["postal_code"])
    return whole
