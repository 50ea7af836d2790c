"""Newsletter sign-ups of non-members, stored until the address's owner confirms, for two days at most."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from audiences.consent import choices
from audiences.consent.consent_state import ConsentEntry, ConsentSource
from audiences.consent.consent_texts import require_known_texts
from audiences.people import contacts
from audiences.tables import CONTACT, SIGN_UP
from campaigns.core.model.enums import Language, Register

SIGN_UP_LIFETIME: Final = timedelta(days=2)
MAX_EMAILS_PER_DAY: Final = 2  # e-mails to one mailbox, from any requester
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SignUpRequest:
    """Sign-up request for an address; `wordings` maps each choice to the version of the text that was shown."""

    address: str = field(repr=False)
    language: Language
    wordings: Mapping[str, str]


def is_member_address(connection: Connection, address: str) -> bool:
    """Return whether a member has the address."""
    query = select(CONTACT.c.member_id).where(CONTACT.c.mailbox == address.lower())
    return connection.execute(query.limit(1)).first() is not None


def store_request(connection: Connection, request: SignUpRequest, now: datetime) -> int | None:
    """Store a request and return its number; None when the mailbox has reached `MAX_EMAILS_PER_DAY`.

    Requests that were not confirmed in time are deleted.
    """
    connection.execute(
        delete(SIGN_UP).where(SIGN_UP.c.confirmed_at.is_(None), SIGN_UP.c.asked_at <= now - SIGN_UP_LIFETIME)
    )
    today = (_is_of_mailbox(request.address), SIGN_UP.c.asked_at > now - _DAY)
    if connection.execute(select(func.count()).where(*today)).scalar_one() >= MAX_EMAILS_PER_DAY:
        return None
    row = {"address": request.address, "language": request.language.value, "wordings": dict(request.wordings)}
    stored = insert(SIGN_UP).values(**row, asked_at=now).returning(SIGN_UP.c.number)
    return int(connection.execute(stored).scalar_one())


def _is_of_mailbox(address: str) -> ColumnElement[bool]:
    """Return the condition of requests for one mailbox: `aino+news@` usually arrives at `aino@`."""
    local_part, _, domain = address.lower().rpartition("@")
    mailbox, stored = local_part.partition("+")[0] or local_part, func.lower(SIGN_UP.c.address)
    is_tagged = stored.startswith(f"{mailbox}+", autoescape=True) & stored.endswith(f"@{domain}", autoescape=True)
    return (stored == f"{mailbox}@{domain}") | is_tagged


def pending_request(connection: Connection, number: int, now: datetime) -> SignUpRequest | None:
    """Return a request while it can be confirmed."""
    open_ = (SIGN_UP.c.number == number, SIGN_UP.c.confirmed_at.is_(None), SIGN_UP.c.asked_at > now - SIGN_UP_LIFETIME)
    row = connection.execute(select(SIGN_UP).where(*open_)).one_or_none()
    return None if row is None else SignUpRequest(row.address, Language(row.language), row.wordings)


def confirm_request(connection: Connection, number: int, now: datetime) -> str | None:
    """Make a customer of the requester, with the requested newsletters; return the new member id.

    None when the request is expired or confirmed already, or when a member has the address by now.
    Raise UnknownConsentTextError when a text is not known.
    """
    request = pending_request(connection, number, now)
    if request is None or is_member_address(connection, request.address):
        return None
    member_id = f"web-{secrets.token_hex(8)}"
    entries = [
        ConsentEntry(
            member_id,
            choice,
            on=True,
            at=now,
            source=ConsentSource.WEB,
            wording=wording,
            language=request.language.value,
        )
        for choice, wording in request.wordings.items()
    ]
    require_known_texts(connection, entries)
    contact = {"member_id": member_id, "register": Register.CUSTOMERS.value, "email": request.address}
    contacts.upsert_contacts(connection, [{**contact, "language": request.language.value}], request.language.value)
    choices.record_choices(connection, entries)
    sign_up = update(SIGN_UP).where(SIGN_UP.c.number == number)
    connection.execute(sign_up.values(confirmed_at=now, member_id=member_id, address=None))
    return member_id


def confirmed_members(connection: Connection, before: datetime) -> list[Mapping[str, str]]:
    """Return the members who confirmed until `before` and are not in the warehouse yet, as import rows."""
    joined = SIGN_UP.join(CONTACT, CONTACT.c.member_id == SIGN_UP.c.member_id)
    columns = (CONTACT.c.member_id, CONTACT.c.register, CONTACT.c.language)
    query = select(*columns).select_from(joined).where(SIGN_UP.c.confirmed_at <= before).order_by(SIGN_UP.c.number)
    return [dict(row) for row in connection.execute(query).mappings()]


def delete_imported(connection: Connection, members: Collection[str]) -> None:
    """Delete the sign-ups of members whom the warehouse has by now."""
    connection.execute(delete(SIGN_UP).where(SIGN_UP.c.member_id.in_(members)))
