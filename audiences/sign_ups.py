"""Newsletters asked for by people who are no members: kept until the owner of the address confirms, or two days."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select, update

from audiences import choices, contacts
from audiences.stance import Entry, Source
from audiences.tables import CONTACT, SIGN_UP
from audiences.wordings import demand_known
from campaigns.spec.words import Language, Register

LIFE: Final = timedelta(days=2)
MOST_A_DAY: Final = 2  # letters to one address, whoever asks for them
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for at an address; `wordings` are the versions of the texts that were shown, by choice."""

    address: str = field(repr=False)
    language: Language
    wordings: Mapping[str, str]


def is_known(connection: Connection, address: str) -> bool:
    """Whether a member has the address."""
    held = select(CONTACT.c.member_id).where(CONTACT.c.mailbox == address.lower())
    return connection.execute(held.limit(1)).first() is not None


def ask(connection: Connection, asked: Asked, now: datetime) -> int | None:
    """Keep what is asked for, and return its number; None when the address was written to enough today.

    What nobody confirmed in time is removed here.
    """
    connection.execute(delete(SIGN_UP).where(SIGN_UP.c.confirmed_at.is_(None), SIGN_UP.c.asked_at <= now - LIFE))
    today = (func.lower(SIGN_UP.c.address) == asked.address.lower(), SIGN_UP.c.asked_at > now - _DAY)
    if connection.execute(select(func.count()).where(*today)).scalar_one() >= MOST_A_DAY:
        return None
    row = {"address": asked.address, "language": asked.language.value, "wordings": dict(asked.wordings)}
    stored = insert(SIGN_UP).values(**row, asked_at=now).returning(SIGN_UP.c.number)
    return int(connection.execute(stored).scalar_one())


def open_ask(connection: Connection, number: int, now: datetime) -> Asked | None:
    """What was asked for, while it can be confirmed."""
    open_ = (SIGN_UP.c.number == number, SIGN_UP.c.confirmed_at.is_(None), SIGN_UP.c.asked_at > now - LIFE)
    row = connection.execute(select(SIGN_UP).where(*open_)).one_or_none()
    return None if row is None else Asked(row.address, Language(row.language), row.wordings)


def confirm(connection: Connection, number: int, now: datetime) -> str | None:
    """Make a customer of whoever confirms, with the newsletters that were asked for; returns their new id.

    None when it is too late, was done before, or a member has the address by now. UnknownWording as `wordings`.
    """
    asked = open_ask(connection, number, now)
    if asked is None or is_known(connection, asked.address):
        return None
    member_id = f"web-{secrets.token_hex(8)}"
    entries = [
        Entry(member_id, choice, on=True, at=now, source=Source.WEB, wording=wording, language=asked.language.value)
        for choice, wording in asked.wordings.items()
    ]
    demand_known(connection, entries)
    contact = {"member_id": member_id, "register": Register.CUSTOMERS.value, "email": asked.address}
    contacts.write(connection, [{**contact, "language": asked.language.value}], asked.language.value)
    choices.record(connection, entries)
    this = update(SIGN_UP).where(SIGN_UP.c.number == number)
    connection.execute(this.values(confirmed_at=now, member_id=member_id, address=None))
    return member_id


def confirmed(connection: Connection, before: datetime) -> list[Mapping[str, str]]:
    """The members who confirmed until a moment and of whom the warehouse does not know, as an import has them."""
    joined = SIGN_UP.join(CONTACT, CONTACT.c.member_id == SIGN_UP.c.member_id)
    columns = (CONTACT.c.member_id, CONTACT.c.register, CONTACT.c.language)
    query = select(*columns).select_from(joined).where(SIGN_UP.c.confirmed_at <= before).order_by(SIGN_UP.c.number)
    return [dict(row) for row in connection.execute(query).mappings()]


def settle(connection: Connection, members: Collection[str]) -> None:
    """Forget the rows of those whom the warehouse knows now."""
    connection.execute(delete(SIGN_UP).where(SIGN_UP.c.member_id.in_(members)))
