"""Erasure of a member's addresses from events that name no delivery; only the event itself remains."""

from sqlalchemy import Connection, select

from audiences.tables import CONTACT
from campaigns.store.runs.delivery_events import erase_addresses


def erase_addresses_of_member(connection: Connection, member_id: str) -> None:
    """Erase a member's addresses from events; call it before the contact is deleted.

    Events of the member's own deliveries are pseudonymised together with the deliveries (see `store.people.reassign`).
    """
    contact = select(CONTACT.c.mailbox, CONTACT.c.phone).where(CONTACT.c.member_id == member_id)
    for row in connection.execute(contact):
        erase_addresses(connection, [address for address in row if address])
