"""Attempt limits: GCRA (generic cell rate algorithm) in the ledger, shared by all processes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from audiences.tables import ATTEMPT_LIMIT_STATE


@dataclass(frozen=True, slots=True)
class AttemptLimit:
    """Limit of attempts: `number` at once, and `number` more in each `period`, evenly."""

    number: int
    period: timedelta

    @property
    def interval(self) -> timedelta:
        """Return the time after which one attempt is forgotten."""
        return self.period / self.number


@dataclass(frozen=True, slots=True)
class Attempt:
    """Attempt, counted if allowed. `number` attempts are not yet forgotten; `next_at` another one is allowed."""

    allowed: bool
    number: float
    next_at: datetime


def count_attempt(connection: Connection, key: str, limit: AttemptLimit, now: datetime) -> Attempt:
    """Count an attempt of `key` (opaque) unless it is over the limit.

    Rows that are due are deleted. Call in a write transaction; commit it either way.
    """
    connection.execute(delete(ATTEMPT_LIMIT_STATE).where(ATTEMPT_LIMIT_STATE.c.due_at <= now))
    due = connection.execute(
        select(ATTEMPT_LIMIT_STATE.c.due_at).where(ATTEMPT_LIMIT_STATE.c.who == key)
    ).scalar_one_or_none()
    next_due = (due or now) + limit.interval
    if next_due - now > limit.period:
        return Attempt(False, limit.number, next_due - limit.period)
    connection.execute(delete(ATTEMPT_LIMIT_STATE).where(ATTEMPT_LIMIT_STATE.c.who == key))
    connection.execute(insert(ATTEMPT_LIMIT_STATE).values(who=key, due_at=next_due))
    return Attempt(True, (next_due - now) / limit.interval, max(now, next_due + limit.interval - limit.period))


def forget_attempt(connection: Connection, key: str, limit: AttemptLimit) -> None:
    """Take one counted attempt of `key` back."""
    state = (ATTEMPT_LIMIT_STATE.c.who == key,)
    due = connection.execute(select(ATTEMPT_LIMIT_STATE.c.due_at).where(*state)).scalar_one_or_none()
    if due is not None:  # a row that is due by now is deleted by the next count
        connection.execute(update(ATTEMPT_LIMIT_STATE).where(*state).values(due_at=due - limit.interval))
