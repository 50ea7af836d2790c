"""Notes in the ledger: left in the transaction of what they tell, taken by the one courier, ended once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, insert, or_, select, update

from campaigns.spec.notes import Note, NoteKind
from campaigns.spec.reasons import EndReason
from campaigns.spec.words import Channel
from campaigns.store.tables import NOTE
from campaigns.store.words import DeliveryState

_CARRIED_WITHIN: Final = {NoteKind.CODE: timedelta(minutes=10), NoteKind.SIGN_UP: timedelta(hours=12)}
_LATEST: Final = timedelta(days=3)


def leave(connection: Connection, note: Note, now: datetime) -> None:
    """Leave a note for the courier, in the caller's write transaction: what happened and its confirmation are one."""
    connection.execute(
        insert(NOTE).values(
            kind=note.kind.value,
            member_id=note.member_id,
            channel=None if note.channel is None else note.channel.value,
            address=note.address,
            language=None if note.language is None else note.language.value,
            about=dict(note.about),
            made_at=now,
            carry_by=now + _CARRIED_WITHIN.get(note.kind, _LATEST),
            state=DeliveryState.PENDING.value,
        )
    )


def any_wait(connection: Connection, now: datetime) -> bool:
    """Whether the courier has anything to do."""
    return connection.execute(select(NOTE.c.number).where(_claimable(now) | _left(now)).limit(1)).first() is not None


def waiting(connection: Connection, now: datetime, most: int) -> Sequence[Row[Any]]:
    """The notes that can go now, oldest first."""
    return connection.execute(select(NOTE).where(_claimable(now)).order_by(NOTE.c.number).limit(most)).all()


def take(connection: Connection, number: int, attempt: str, until: datetime) -> None:
    """Mark a note as being carried; it is carried only after the commit."""
    _set(connection, number, state=DeliveryState.SENDING.value, attempt=attempt, lease_until=until, not_before=None)


def put_back(connection: Connection, number: int, attempt: str, not_before: datetime) -> None:
    """Let a note wait again: its provider surely did nothing."""
    back = {"state": DeliveryState.PENDING.value, "not_before": not_before, "attempt": None, "lease_until": None}
    _set(connection, number, NOTE.c.attempt == attempt, **back)


def end(
    connection: Connection,
    number: int,
    state: DeliveryState,
    now: datetime,
    *,
    reason: EndReason | None = None,
    attempt: str | None = None,
    channel: Channel | None = None,
) -> None:
    """End a note, and forget the address that it went to. One that another attempt has is left alone.

    `channel` is how it went, where that was not said when it was left.
    """
    ended: dict[str, Any] = {
        "state": state.value,
        "reason": reason and reason.value,
        "ended_at": now,
        "address": None,
        "about": {},
    }
    if channel is not None:
        ended["channel"] = channel.value
    _set(connection, number, *([] if attempt is None else [NOTE.c.attempt == attempt]), **ended, lease_until=None)


def sweep(connection: Connection, now: datetime) -> None:
    """What a process left when it died may have gone: it is never carried again."""
    swept = {"state": DeliveryState.UNCERTAIN.value, "reason": EndReason.UNKNOWN_OUTCOME.value, "ended_at": now}
    connection.execute(update(NOTE).where(_left(now)).values(**swept, address=None, about={}, lease_until=None))


def _claimable(now: datetime) -> ColumnElement[bool]:
    ready = or_(NOTE.c.not_before.is_(None), NOTE.c.not_before <= now)
    return and_(NOTE.c.ended_at.is_(None), NOTE.c.state == DeliveryState.PENDING.value, ready)


def _left(now: datetime) -> ColumnElement[bool]:
    return and_(NOTE.c.ended_at.is_(None), NOTE.c.state == DeliveryState.SENDING.value, NOTE.c.lease_until <= now)


def _set(connection: Connection, number: int, *where: ColumnElement[bool], **values: object) -> None:
    connection.execute(update(NOTE).where(NOTE.c.number == number, *where).values(**values))
