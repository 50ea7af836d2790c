"""How often a stranger may try something, counted where all processes see it, by the generic cell rate algorithm."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from audiences.tables import TRIED


def allows(connection: Connection, who: str, most: int, span: timedelta, now: datetime) -> bool:
    """Count a try of `who`, an opaque name; whether it is within `most` at once and as many again in each `span`.

    One that is not is not counted. What is over is removed here. In a write transaction, to be committed either way.
    """
    connection.execute(delete(TRIED).where(TRIED.c.due_at <= now))
    due = connection.execute(select(TRIED.c.due_at).where(TRIED.c.who == who)).scalar_one_or_none()
    following = (due or now) + span / most
    if following - now > span:
        return False
    connection.execute(delete(TRIED).where(TRIED.c.who == who))
    connection.execute(insert(TRIED).values(who=who, due_at=following))
    return True
