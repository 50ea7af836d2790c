"""Publications: which definition of a campaign the scheduler may run, and when it is due."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from campaigns.store.tables import PUBLICATION, Publication


def publish(
    connection: Connection, campaign: str, definition: str, now: datetime, actor: str, next_due: datetime | None
) -> None:
    """Store the definition that may run from now on, in place of an earlier one."""
    connection.execute(delete(PUBLICATION).where(PUBLICATION.c.campaign == campaign))
    connection.execute(
        insert(PUBLICATION).values(
            campaign=campaign,
            definition=definition,
            published_at=now,
            published_by=actor,
            next_due=next_due,
        )
    )


def withdraw(connection: Connection, campaign: str) -> bool:
    """Take a campaign from the scheduler; False when it was not published."""
    return connection.execute(delete(PUBLICATION).where(PUBLICATION.c.campaign == campaign)).rowcount == 1


def published(connection: Connection) -> list[Publication]:
    """Every publication, by name."""
    rows = connection.execute(select(PUBLICATION).order_by(PUBLICATION.c.campaign)).mappings()
    return [Publication(**row) for row in rows]


def due(connection: Connection, now: datetime) -> list[Publication]:
    """The publications whose next occasion has come, the longest due first."""
    rows = connection.execute(
        select(PUBLICATION).where(PUBLICATION.c.next_due <= now).order_by(PUBLICATION.c.next_due)
    ).mappings()
    return [Publication(**row) for row in rows]


def advance(connection: Connection, campaign: str, seen: datetime, next_due: datetime | None) -> bool:
    """Compare-and-set the next occasion; False when another scheduler was faster."""
    changed = connection.execute(
        update(PUBLICATION)
        .where(PUBLICATION.c.campaign == campaign, PUBLICATION.c.next_due == seen)
        .values(next_due=next_due)
    )
    return changed.rowcount == 1
