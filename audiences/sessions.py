"""A member's sessions: who has proved to be whom, and for how long. The ledger holds hashes, the browser the secret."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from audiences.tables import MEMBER_SESSION

LIFE: Final = timedelta(minutes=30)  # fixed, not renewed by use: reading a page writes nothing
PROVED: Final = timedelta(minutes=10)  # how long a code opens what a session alone does not (C-11)


def begin(connection: Connection, member_id: str, now: datetime) -> str:
    """Open a session; returns its secret, which is kept nowhere here. Sessions that have ended are removed."""
    connection.execute(delete(MEMBER_SESSION).where(MEMBER_SESSION.c.ends_at <= now))
    secret = secrets.token_urlsafe(32)
    connection.execute(insert(MEMBER_SESSION).values(digest=_digest(secret), member_id=member_id, ends_at=now + LIFE))
    return secret


def member_of(connection: Connection, secret: str, now: datetime) -> str | None:
    """The member whose session this is, or None when there is none or it has ended."""
    query = select(MEMBER_SESSION.c.member_id).where(
        MEMBER_SESSION.c.digest == _digest(secret), MEMBER_SESSION.c.ends_at > now
    )
    return connection.execute(query).scalar_one_or_none()


def prove(connection: Connection, secret: str, now: datetime) -> None:
    """Let a session do for a while what it cannot do by itself: its member has typed a fresh code."""
    mine = update(MEMBER_SESSION).where(MEMBER_SESSION.c.digest == _digest(secret))
    connection.execute(mine.values(proved_until=now + PROVED))


def is_proved(connection: Connection, secret: str, now: datetime) -> bool:
    """Whether a fresh code was typed in this session just now."""
    query = select(MEMBER_SESSION.c.digest).where(
        MEMBER_SESSION.c.digest == _digest(secret),
        MEMBER_SESSION.c.ends_at > now,
        MEMBER_SESSION.c.proved_until > now,
    )
    return connection.execute(query).first() is not None


def end(connection: Connection, secret: str) -> None:
    """End a session; one that is not there is ended already."""
    connection.execute(delete(MEMBER_SESSION).where(MEMBER_SESSION.c.digest == _digest(secret)))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
