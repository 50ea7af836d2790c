"""Sessions of members in the browser: the ledger holds a hash, the browser's cookie the secret."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from audiences.tables import MEMBER_SESSION

SESSION_LIFETIME: Final = timedelta(minutes=30)  # fixed, not renewed by use, so that reading a page writes nothing
STEP_UP_LIFETIME: Final = timedelta(minutes=10)  # time after a typed code in which a session may do more (C-11)


def open_session(connection: Connection, member_id: str, now: datetime) -> str:
    """Open a session and return its secret, which is not stored here. Expired sessions are deleted."""
    connection.execute(delete(MEMBER_SESSION).where(MEMBER_SESSION.c.ends_at <= now))
    secret = secrets.token_urlsafe(32)
    connection.execute(
        insert(MEMBER_SESSION).values(digest=_digest(secret), member_id=member_id, ends_at=now + SESSION_LIFETIME)
    )
    return secret


def member_of_session(connection: Connection, secret: str, now: datetime) -> str | None:
    """Return the member of this session; None when it is unknown or expired."""
    query = select(MEMBER_SESSION.c.member_id).where(
        MEMBER_SESSION.c.digest == _digest(secret), MEMBER_SESSION.c.ends_at > now
    )
    return connection.execute(query).scalar_one_or_none()


def step_up(connection: Connection, secret: str, now: datetime) -> None:
    """Step the session up for a while: its member has typed a fresh code."""
    this_session = update(MEMBER_SESSION).where(MEMBER_SESSION.c.digest == _digest(secret))
    connection.execute(this_session.values(proved_until=now + STEP_UP_LIFETIME))


def is_stepped_up(connection: Connection, secret: str, now: datetime) -> bool:
    """Return whether a fresh code was typed in this session within the step-up time."""
    query = select(MEMBER_SESSION.c.digest).where(
        MEMBER_SESSION.c.digest == _digest(secret),
        MEMBER_SESSION.c.ends_at > now,
        MEMBER_SESSION.c.proved_until > now,
    )
    return connection.execute(query).first() is not None


def end_session(connection: Connection, secret: str) -> None:
    """End a session; an unknown one is ended already."""
    connection.execute(delete(MEMBER_SESSION).where(MEMBER_SESSION.c.digest == _digest(secret)))


def end_sessions(connection: Connection, member_id: str) -> None:
    """End all sessions of a member."""
    connection.execute(delete(MEMBER_SESSION).where(MEMBER_SESSION.c.member_id == member_id))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
