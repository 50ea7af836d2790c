"""Events about a member who is erased: of those that name no delivery of theirs, only that they were is left."""

from sqlalchemy import Connection, select

from audiences.tables import CONTACT
from campaigns.store.runs.delivery_events import forget_addresses


def forget(connection: Connection, member_id: str) -> None:
    """Forget what strangers and providers said about a member's addresses; before the contact is deleted.

    Events of the member's own deliveries get the pseudonym with those (see `store.renaming`).
    """
    contact = select(CONTACT.c.mailbox, CONTACT.c.phone).where(CONTACT.c.member_id == member_id)
    for row in connection.execute(contact):
        forget_addresses(connection, [address for address in row if address])
