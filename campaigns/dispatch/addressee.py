"""To whom a note goes, as it stands at the claim: read anew each time, never what somebody said before."""

from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Row, RowMapping, exists, select

from audiences.tables import CHOICES, CONTACT, SUPPRESSION
from campaigns.spec.notes import NoteKind
from campaigns.spec.reasons import EndReason
from campaigns.spec.words import Channel, Language

_ASKED_FOR: Final = (NoteKind.CODE,)
"""Whoever asks for a code reads that address now, whatever was heard of it before."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """One person, or the address that a note itself is about."""

    channel: Channel
    address: str = field(repr=False)
    language: Language
    first_name: str | None = field(default=None, repr=False)


def addressee(connection: Connection, note: Row[Any], default: Language) -> Addressee | EndReason:
    """Where a row of `note` goes; or why it goes nowhere: nobody is there any more, or is reached."""
    contact = _contact(connection, note.member_id)
    if note.member_id is not None and (contact is None or contact["deceased"]):
        return EndReason.NOT_PROCESSED
    ways = _ways(note, contact)
    if note.kind not in _ASKED_FOR:
        usable = [(channel, address) for channel, address in ways if not _suppressed(connection, channel, address)]
        if ways and not usable:
            return EndReason.SUPPRESSED
        ways = usable
    if not ways:
        return EndReason.NO_ADDRESS
    language = Language(note.language or (contact["language"] if contact is not None else default))
    return Addressee(*ways[0], language, None if contact is None else contact["first_name"])


def _contact(connection: Connection, member_id: str | None) -> RowMapping | None:
    joined = CONTACT.outerjoin(CHOICES, CHOICES.c.member_id == CONTACT.c.member_id)
    columns = (CONTACT.c.first_name, CONTACT.c.language, CONTACT.c.email, CONTACT.c.phone, CHOICES.c.deceased)
    found = select(*columns).select_from(joined).where(CONTACT.c.member_id == member_id)
    return connection.execute(found).mappings().one_or_none()


def _ways(note: Row[Any], contact: RowMapping | None) -> list[tuple[Channel, str]]:
    if note.address is not None:
        return [(Channel(note.channel), note.address)]
    if contact is None:
        return []
    known = ((Channel.EMAIL, contact["email"]), (Channel.SMS, contact["phone"]))
    return [(channel, address) for channel, address in known if address and note.channel in (None, channel)]


def _suppressed(connection: Connection, channel: Channel, address: str) -> bool:
    """Whether nothing at all may go to an address; what only ends marketing does not end this."""
    kind, value = ("email", address.lower()) if channel is Channel.EMAIL else ("phone", address)
    of_it = (SUPPRESSION.c.kind == kind, SUPPRESSION.c.value == value, SUPPRESSION.c.scope == "all")
    return bool(connection.execute(select(exists().where(*of_it))).scalar_one())
