"""What is done once a night: taken by one process of many, and given back when it could not be done."""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from campaigns.store.tables import CHORE, Chore


def last(connection: Connection, name: str) -> Chore | None:
    """The occasion that somebody took last."""
    row = connection.execute(select(CHORE).where(CHORE.c.name == name)).mappings().one_or_none()
    return None if row is None else Chore(**row)


def begin(connection: Connection, name: str, occasion: datetime, now: datetime) -> None:
    """Count from here: what was due before is nobody's any more."""
    connection.execute(insert(CHORE).values(name=name, occasion=occasion, lease_until=now, done_at=now))


def take(connection: Connection, name: str, occasion: datetime, now: datetime, until: datetime) -> bool:
    """Take an occasion; False when it was done, or somebody else is at it. There is one writer at a time."""
    before = last(connection, name)
    if before is None:
        connection.execute(insert(CHORE).values(name=name, occasion=occasion, lease_until=until))
        return True
    if before.occasion >= occasion and (before.done_at is not None or before.lease_until > now):
        return False
    taken = {"occasion": occasion, "lease_until": until, "done_at": None}
    connection.execute(update(CHORE).where(CHORE.c.name == name).values(**taken))
    return True


def end(connection: Connection, name: str, occasion: datetime, now: datetime) -> None:
    """It was done."""
    connection.execute(update(CHORE).where(CHORE.c.name == name, CHORE.c.occasion == occasion).values(done_at=now))


def put_off(connection: Connection, name: str, occasion: datetime, until: datetime) -> None:
    """It could not be done now: others leave it until then."""
    connection.execute(
        update(CHORE).where(CHORE.c.name == name, CHORE.c.occasion == occasion).values(lease_until=until)
    )
