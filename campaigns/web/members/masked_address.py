"""Masked addresses: enough for their owner to recognise them, too little for anyone else to write to."""

from sqlalchemy import Connection, select

from audiences.people.contact_changes import is_proven
from audiences.tables import CONTACT
from campaigns.core.model.enums import Channel

_DOTS = "•••"


def masked_address_of(connection: Connection, member_id: str, channel: Channel) -> str:
    """Return a member's own address or number, masked; empty when there is none to which a code may go."""
    column = CONTACT.c.phone if channel is Channel.SMS else CONTACT.c.email
    address = connection.execute(select(column).where(CONTACT.c.member_id == member_id)).scalar_one_or_none()
    if not address or not is_proven(connection, member_id, "phone" if channel is Channel.SMS else "email"):
        return ""
    return f"{_DOTS} {address[-2:]}" if channel is Channel.SMS else _masked_email(address)


def _masked_email(address: str) -> str:
    """Return an address like `a•••@e•••.org`."""
    local, _, domain = address.rpartition("@")
    name, _, ending = domain.rpartition(".")
    return f"{local[:1]}{_DOTS}@{name[:1]}{_DOTS}.{ending}"
