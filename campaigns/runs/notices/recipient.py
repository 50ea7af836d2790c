"""Recipient of a notice, read from the database at each claim and never cached."""

from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Row, RowMapping, exists, select

from audiences.people.contact_changes import is_proven
from audiences.tables import CHOICES, CONTACT, SUPPRESSION
from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.notice_kinds import NoticeKind
from campaigns.core.model.phone_countries import takes_text_messages
from campaigns.core.model.reasons import EndReason
from campaigns.core.model.settings import Settings

_SOLICITED: Final = (NoticeKind.CODE, NoticeKind.CALLER, NoticeKind.PROOF)
"""Notices that a person has just requested; sent even to an address with an earlier suppression."""

_FIELDS: Final = {Channel.EMAIL: "email", Channel.SMS: "phone"}


@dataclass(frozen=True, slots=True)
class Recipient:
    """Person to write to, or the address that the notice is about."""

    channel: Channel
    address: str = field(repr=False)
    language: Language
    first_name: str | None = field(default=None, repr=False)


def resolve_recipient(connection: Connection, note: Row[Any], settings: Settings) -> Recipient | EndReason:
    """Return the recipient of a row of `note`, or the reason why it cannot be sent."""
    contact = _contact(connection, note.member_id)
    if note.member_id is not None and (contact is None or contact["deceased"]):
        return EndReason.NOT_PROCESSED
    known = _destinations(note, contact)
    if note.kind == NoticeKind.CODE and note.address is None:  # the address may have changed since the request
        known = [(by, to) for by, to in known if is_proven(connection, note.member_id, _FIELDS[by])]
    destinations = [place for place in known if _is_served(*place, settings)]
    if known and not destinations:
        return EndReason.COUNTRY_NOT_SERVED
    if note.kind not in _SOLICITED:
        usable = [
            (channel, address) for channel, address in destinations if not _suppressed(connection, channel, address)
        ]
        if destinations and not usable:
            return EndReason.SUPPRESSED
        destinations = usable
    if not destinations:
        return EndReason.NO_ADDRESS
    language = Language(note.language or (contact["language"] if contact is not None else settings.default_language))
    return Recipient(*destinations[0], language, None if contact is None else contact["first_name"])


def _contact(connection: Connection, member_id: str | None) -> RowMapping | None:
    source = CONTACT.outerjoin(CHOICES, CHOICES.c.member_id == CONTACT.c.member_id)
    columns = (CONTACT.c.first_name, CONTACT.c.language, CONTACT.c.email, CONTACT.c.phone, CHOICES.c.deceased)
    query = select(*columns).select_from(source).where(CONTACT.c.member_id == member_id)
    return connection.execute(query).mappings().one_or_none()


def _destinations(note: Row[Any], contact: RowMapping | None) -> list[tuple[Channel, str]]:
    if note.address is not None:
        return [(Channel(note.channel), note.address)]
    if contact is None:
        return []
    known = ((Channel.EMAIL, contact["email"]), (Channel.SMS, contact["phone"]))
    return [(channel, address) for channel, address in known if address and note.channel in (None, channel)]


def _is_served(channel: Channel, address: str, settings: Settings) -> bool:
    return channel is not Channel.SMS or takes_text_messages(address, settings.sms_countries)


def _suppressed(connection: Connection, channel: Channel, address: str) -> bool:
    """Return whether an address is suppressed for all messages; marketing-only suppressions do not count."""
    kind, value = ("email", address.lower()) if channel is Channel.EMAIL else ("phone", address)
    matches = (SUPPRESSION.c.kind == kind, SUPPRESSION.c.value == value, SUPPRESSION.c.scope == "all")
    return bool(connection.execute(select(exists().where(*matches))).scalar_one())
