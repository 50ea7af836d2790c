"""Other members of a household, as a member's page names them: data of other people (C-16)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, RowMapping, select

from audiences.tables import CONTACT

_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class HouseholdMember:
    """Another member of the household. `name` holds initials only, unless the agent may see protected data."""

    member_id: str
    register: str
    name: str = field(repr=False)
    is_named: bool


def household_of(
    connection: Connection, member_id: str, household_id: str | None, *, named: bool
) -> Sequence[HouseholdMember]:
    """Return the other members of a household by number; none when the member has no household."""
    if not household_id:
        return []
    others = (CONTACT.c.household_id == household_id, CONTACT.c.member_id != member_id)
    query = select(CONTACT).where(*others).order_by(CONTACT.c.member_id).limit(_MOST)
    return [
        HouseholdMember(row["member_id"], row["register"], _name(row, named=named), named)
        for row in connection.execute(query).mappings()
    ]


def _name(row: RowMapping, *, named: bool) -> str:
    parts = [row[part] for part in ("first_name", "last_name") if row[part]]
    return " ".join(parts if named else (f"{part[0]}." for part in parts))
