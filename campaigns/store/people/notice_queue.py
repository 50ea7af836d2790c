"""Notices in the ledger: queued in the transaction of their cause, claimed by the one sender, ended once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, insert, or_, select, update

from campaigns.core.model.enums import Channel
from campaigns.core.model.notice_kinds import Note, NoteKind
from campaigns.core.model.reasons import EndReason
from campaigns.store.runs.run_tables import NOTE
from campaigns.store.runs.states import DeliveryState

_SEND_WITHIN: Final = {NoteKind.CODE: timedelta(minutes=10), NoteKind.SIGN_UP: timedelta(hours=12)}
_DEFAULT_SEND_WITHIN: Final = timedelta(days=3)


def leave(connection: Connection, note: Note, now: datetime) -> None:
    """Queue a notice in the caller's write transaction, so that an event and its confirmation are stored together."""
    connection.execute(
        insert(NOTE).values(
            kind=note.kind.value,
            member_id=note.member_id,
            channel=None if note.channel is None else note.channel.value,
            address=note.address,
            language=None if note.language is None else note.language.value,
            about=dict(note.about),
            made_at=now,
            carry_by=now + _SEND_WITHIN.get(note.kind, _DEFAULT_SEND_WITHIN),
            state=DeliveryState.PENDING.value,
        )
    )


def any_wait(connection: Connection, now: datetime) -> bool:
    """Return whether a notice can be sent or has an expired lease."""
    return (
        connection.execute(select(NOTE.c.number).where(_claimable(now) | _lease_expired(now)).limit(1)).first()
        is not None
    )


def waiting(connection: Connection, now: datetime, limit: int) -> Sequence[Row[Any]]:
    """Return the notices that can be sent now, oldest first."""
    return connection.execute(select(NOTE).where(_claimable(now)).order_by(NOTE.c.number).limit(limit)).all()


def take(connection: Connection, number: int, attempt: str, until: datetime) -> None:
    """Claim a notice; it is sent only after the commit."""
    _set(connection, number, state=DeliveryState.SENDING.value, attempt=attempt, lease_until=until, not_before=None)


def put_back(connection: Connection, number: int, attempt: str, not_before: datetime) -> None:
    """Release a notice that its provider certainly did not send."""
    pending = {"state": DeliveryState.PENDING.value, "not_before": not_before, "attempt": None, "lease_until": None}
    _set(connection, number, NOTE.c.attempt == attempt, **pending)


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
    """End a notice and delete its address. A notice claimed by another attempt is left alone.

    `channel` is the channel by which it was sent, when it was queued without one.
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
    """End claimed notices whose lease has expired as uncertain: they may have been sent and are never sent again."""
    ended = {"state": DeliveryState.UNCERTAIN.value, "reason": EndReason.UNKNOWN_OUTCOME.value, "ended_at": now}
    connection.execute(
        update(NOTE).where(_lease_expired(now)).values(**ended, address=None, about={}, lease_until=None)
    )


def _claimable(now: datetime) -> ColumnElement[bool]:
    ready = or_(NOTE.c.not_before.is_(None), NOTE.c.not_before <= now)
    return and_(NOTE.c.ended_at.is_(None), NOTE.c.state == DeliveryState.PENDING.value, ready)


def _lease_expired(now: datetime) -> ColumnElement[bool]:
    return and_(NOTE.c.ended_at.is_(None), NOTE.c.state == DeliveryState.SENDING.value, NOTE.c.lease_until <= now)


def _set(connection: Connection, number: int, *where: ColumnElement[bool], **values: object) -> None:
    connection.execute(update(NOTE).where(NOTE.c.number == number, *where).values(**values))
