"""Member search at the desk or on the telephone: by number, name, phone or e-mail.

Whole values only: a part of a name finds no member.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, RowMapping, false, or_, select

from audiences import addresses
from audiences.tables import CONTACT

MAX_RESULTS: Final = 20


class SearchField(StrEnum):
    """Field to search by."""

    NUMBER = "number"
    NAME = "name"
    PHONE = "phone"
    EMAIL = "email"


def name_key(first: str | None, last: str | None) -> str | None:
    """Return a name in search form: lower case, last name first; None where one of them is missing."""
    return f"{_normalise(last)} {_normalise(first)}" if first and last else None


def find_members(connection: Connection, by: SearchField, term: str, postal_code: str = "") -> Sequence[RowMapping]:
    """Return the matching contacts, at most `MAX_RESULTS` + 1; with a postal code only members who live there."""
    query = select(CONTACT).where(_matches(by, term.strip())).order_by(CONTACT.c.member_id).limit(MAX_RESULTS + 1)
    if postal_code:
        query = query.where(CONTACT.c.postal_code == postal_code)
    return connection.execute(query).mappings().all()


def _matches(by: SearchField, term: str) -> ColumnElement[Any]:
    match by:
        case SearchField.NUMBER:
            return CONTACT.c.member_id == term
        case SearchField.NAME:
            return or_(*(CONTACT.c.name_key == key for key in _possible_name_keys(term)), false())
        case SearchField.PHONE:
            return CONTACT.c.phone == (addresses.normalise_phone(term) or "")
        case SearchField.EMAIL:
            return CONTACT.c.mailbox == (addresses.normalise_email(term) or "").lower()


def _possible_name_keys(term: str) -> Sequence[str]:
    """Return the search keys of a typed name.

    Each word in turn is taken as the start of the last name: `Anna Maria von Wright`.
    """
    words = _normalise(term).split()
    return [" ".join(words[place:] + words[:place]) for place in range(len(words))]


def _normalise(name: str | None) -> str:
    return " ".join((name or "").casefold().split())
