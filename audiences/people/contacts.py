"""Contact of members in the ledger: name, language, addresses."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, or_, select

from audiences.addresses import address_key
from audiences.consent.choices import consent_state_of
from audiences.people.find_members import name_key
from audiences.tables import CHOICES, CONTACT
from campaigns.core.errors import UserError
from campaigns.core.model.enums import Choice
from campaigns.core.model.phone_countries import phone_class

_BLANK: Final[Mapping[str, Any]] = dict.fromkeys(CONTACT.c.keys())


def upsert_contacts(connection: Connection, rows: Sequence[Mapping[str, Any]], default_language: str) -> list[str]:
    """Store contacts by `member_id`; columns that a row lacks stay as they are.

    Return the ids of new or changed ones. Runs in the caller's write transaction: some thousand rows.
    """
    ids = [row["member_id"] for row in rows]
    present = connection.execute(select(CONTACT).where(CONTACT.c.member_id.in_(ids))).mappings()
    stored = {row["member_id"]: dict(row) for row in present}
    merged_rows = [_merge_row(row, stored.get(row["member_id"], _BLANK), default_language) for row in rows]
    changed = [row for row in merged_rows if row != stored.get(row["member_id"])]
    if changed:
        changed_ids = [row["member_id"] for row in changed]
        connection.execute(delete(CONTACT).where(CONTACT.c.member_id.in_(changed_ids)))
        connection.execute(insert(CONTACT), changed)
    return [row["member_id"] for row in changed]


def existing_members(connection: Connection, members: Sequence[str]) -> set[str]:
    """Return the ids that belong to members."""
    return set(connection.execute(select(CONTACT.c.member_id).where(CONTACT.c.member_id.in_(members))).scalars())


def has_members(connection: Connection) -> bool:
    """Return whether there is any member."""
    return connection.execute(select(CONTACT.c.member_id).limit(1)).one_or_none() is not None


def contact_of(connection: Connection, member_id: str) -> Mapping[str, Any]:
    """Return a member's contact; raise UserError when there is no such member."""
    row = connection.execute(select(CONTACT).where(CONTACT.c.member_id == member_id)).mappings().one_or_none()
    if row is None:
        raise UserError.about(
            member_id,
            "there is no member of this id",
            "unknown_member",
            "check the id; `viesti import members` brings members in",
        )
    return dict(row)


def contacts_of(connection: Connection, members: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Return the contacts of those of these ids that belong to members, by id; some thousand ids."""
    rows = connection.execute(select(CONTACT).where(CONTACT.c.member_id.in_(members))).mappings()
    return {row["member_id"]: dict(row) for row in rows}


def choices_of(connection: Connection, member_id: str) -> Mapping[str, object]:
    """Return the choices of a member; without entries nothing that needs consent is allowed."""
    state = consent_state_of(connection, member_id)
    choices = {choice.value: choice in state.on for choice in Choice}
    return {"newsletters": sorted(state.newsletters), **choices}


def _merge_row(row: Mapping[str, Any], stored: Mapping[str, Any], default_language: str) -> dict[str, Any]:
    contact = {**stored, **row}
    contact["language"] = contact["language"] or default_language
    contact["mailbox"] = contact["email"].lower() if contact["email"] else None
    contact["phone_class"] = phone_class(contact["phone"])
    contact["name_key"] = name_key(contact["first_name"], contact["last_name"])
    contact["address_key"] = address_key(contact["street"], contact["postal_code"])
    return contact


def allows_purchase_detail(connection: Connection, member_id: str) -> bool:
    """Return whether a member's purchases may be used and named now.

    Not after the member forbids it, or all marketing (GD-16), is restricted or erased, or has died.
    """
    made = CHOICES.c
    forbidden = or_(made.no_purchase_detail, made.no_marketing, made.restricted, made.deceased)
    known = CONTACT.outerjoin(CHOICES, made.member_id == CONTACT.c.member_id)
    query = select(func.coalesce(forbidden, False)).select_from(known).where(CONTACT.c.member_id == member_id)
    return connection.execute(query).scalar_one_or_none() == 0  # None: no such member
