"""Copies and erasures on hold: asked for by a member within the wait after a change of contact."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from audiences.identity_tables import HELD_REQUEST, NONCES

_RETENTION: Final = timedelta(days=30)


def hold_request(
    connection: Connection, member_id: str, kind: str, opens_at: datetime, now: datetime
) -> tuple[Row[Any], bool]:
    """Store a request until `opens_at`; return it, and whether it is new. One of the same kind is kept, not doubled."""
    of_kind = [row for row in waiting_requests(connection, member_id, now) if row.kind == kind]
    if of_kind and of_kind[0].opens_at == opens_at:
        return of_kind[0], False
    row = {"member_id": member_id, "kind": kind, "asked_at": now, "opens_at": opens_at}
    stored = insert(HELD_REQUEST).values(**row, nonce=secrets.randbelow(NONCES)).returning(*HELD_REQUEST.c)
    return connection.execute(stored).one(), True


def waiting_requests(connection: Connection, member_id: str, now: datetime) -> Sequence[Row[Any]]:
    """Return a member's requests that wait at `now`, newest first."""
    waiting = (
        HELD_REQUEST.c.member_id == member_id,
        HELD_REQUEST.c.opens_at > now,
        HELD_REQUEST.c.refused_at.is_(None),
    )
    return connection.execute(select(HELD_REQUEST).where(*waiting).order_by(HELD_REQUEST.c.number.desc())).all()


def request_of_link(connection: Connection, number: int, nonce: int) -> Row[Any] | None:
    """Return the request of a link."""
    of_link = (HELD_REQUEST.c.number == number, HELD_REQUEST.c.nonce == nonce)
    return connection.execute(select(HELD_REQUEST).where(*of_link)).one_or_none()


def refuse_requests(connection: Connection, member_id: str, now: datetime) -> int:
    """Cancel all requests of a member that wait, and start the wait anew; return how many."""
    waiting = (
        HELD_REQUEST.c.member_id == member_id,
        HELD_REQUEST.c.opens_at > now,
        HELD_REQUEST.c.refused_at.is_(None),
    )
    return connection.execute(update(HELD_REQUEST).where(*waiting).values(refused_at=now)).rowcount


def move_to_merged(connection: Connection, merged_id: str, into: str) -> None:
    """Give the requests of a merged id to the member who stays: whoever was told of one can still cancel it."""
    of_merged = update(HELD_REQUEST).where(HELD_REQUEST.c.member_id == merged_id)
    connection.execute(of_merged.values(member_id=into))


def purge_requests(connection: Connection, now: datetime) -> int:
    """Delete requests that were asked for more than 30 days ago; return how many."""
    return connection.execute(delete(HELD_REQUEST).where(HELD_REQUEST.c.asked_at < now - _RETENTION)).rowcount
