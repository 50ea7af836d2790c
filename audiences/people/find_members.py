"""Finding a member by what somebody says at a desk or on the telephone: a number, a name, a phone or an e-mail.

Everything is compared whole: nobody fishes for members by a part of a name.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, RowMapping, false, or_, select

from audiences import addresses
from audiences.tables import CONTACT

MOST: Final = 20


class By(StrEnum):
    """What is looked for."""

    NUMBER = "number"
    NAME = "name"
    PHONE = "phone"
    EMAIL = "email"


def name_key(first: str | None, last: str | None) -> str | None:
    """A name as it is looked for: in lower case, the last name first; None where one of them is missing."""
    return f"{_plain(last)} {_plain(first)}" if first and last else None


def find(connection: Connection, by: By, typed: str, postal_code: str = "") -> Sequence[RowMapping]:
    """The contacts of those who fit, at most one more than `MOST`; with a postal code only those who live there."""
    query = select(CONTACT).where(_fits(by, typed.strip())).order_by(CONTACT.c.member_id).limit(MOST + 1)
    if postal_code:
        query = query.where(CONTACT.c.postal_code == postal_code)
    return connection.execute(query).mappings().all()


def _fits(by: By, typed: str) -> ColumnElement[Any]:
    match by:
        case By.NUMBER:
            return CONTACT.c.member_id == typed
        case By.NAME:
            return or_(*(CONTACT.c.name_key == key for key in _readings(typed)), false())
        case By.PHONE:
            return CONTACT.c.phone == (addresses.phone(typed) or "")
        case By.EMAIL:
            return CONTACT.c.mailbox == (addresses.email(typed) or "").lower()


def _readings(typed: str) -> Sequence[str]:
    """A typed name with every word of it taken for the first of the last name: `Anna Maria von Wright`."""
    words = _plain(typed).split()
    return [" ".join(words[place:] + words[:place]) for place in range(len(words))]


def _plain(name: str | None) -> str:
    return " ".join((name or "").casefold().split())
