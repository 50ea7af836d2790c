"""Attempt limit for anonymous visitors: GCRA (generic cell rate algorithm) in the ledger, shared by all processes."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from audiences.tables import ATTEMPT_LIMIT_STATE


def allow_attempt(connection: Connection, key: str, limit: int, period: timedelta, now: datetime) -> bool:
    """Count an attempt of `key` (opaque) and return whether it is within `limit` at once plus `limit` per `period`.

    A refused attempt is not counted. Rows that are due are deleted. Call in a write transaction; commit it either way.
    """
    connection.execute(delete(ATTEMPT_LIMIT_STATE).where(ATTEMPT_LIMIT_STATE.c.due_at <= now))
    due = connection.execute(
        select(ATTEMPT_LIMIT_STATE.c.due_at).where(ATTEMPT_LIMIT_STATE.c.who == key)
    ).scalar_one_or_none()
    next_due = (due or now) + period / limit
    if next_due - now > period:
        return False
    connection.execute(delete(ATTEMPT_LIMIT_STATE).where(ATTEMPT_LIMIT_STATE.c.who == key))
    connection.execute(insert(ATTEMPT_LIMIT_STATE).values(who=key, due_at=next_due))
    return True
