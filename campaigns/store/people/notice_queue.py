"""Notices in the ledger: queued in the transaction of their cause, claimed by the one sender, ended once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, insert, or_, select, update

from campaigns.core.model.enums import Channel
from campaigns.core.model.notice_kinds import Notice, NoticeKind
from campaigns.core.model.reasons import EndReason
from campaigns.store.people.people_tables import NOTICE
from campaigns.store.runs.states import DeliveryState

_SEND_WITHIN: Final = {
    NoticeKind.CODE: timedelta(minutes=10),
    NoticeKind.CALLER: timedelta(minutes=10),
    NoticeKind.SIGN_UP: timedelta(hours=12),
    NoticeKind.PROOF: timedelta(hours=12),
}
_DEFAULT_SEND_WITHIN: Final = timedelta(days=3)


def enqueue(connection: Connection, note: Notice, now: datetime) -> None:
    """Queue a notice in the caller's write transaction, so that an event and its confirmation are stored together."""
    connection.execute(
        insert(NOTICE).values(
            kind=note.kind.value,
            member_id=note.member_id,
            channel=None if note.channel is None else note.channel.value,
            address=note.address,
            language=None if note.language is None else note.language.value,
            about=dict(note.details),
            made_at=now,
            carry_by=now + _SEND_WITHIN.get(note.kind, _DEFAULT_SEND_WITHIN),
            state=DeliveryState.PENDING.value,
        )
    )


def has_work(connection: Connection, now: datetime) -> bool:
    """Return whether a notice can be sent or has an expired lease."""
    return (
        connection.execute(select(NOTICE.c.number).where(_claimable(now) | _lease_expired(now)).limit(1)).first()
        is not None
    )


def list_claimable(connection: Connection, now: datetime, limit: int) -> Sequence[Row[Any]]:
    """Return the notices that can be sent now, oldest first."""
    return connection.execute(select(NOTICE).where(_claimable(now)).order_by(NOTICE.c.number).limit(limit)).all()


def claim(connection: Connection, number: int, attempt: str, until: datetime) -> None:
    """Claim a notice; it is sent only after the commit."""
    _set(connection, number, state=DeliveryState.SENDING.value, attempt=attempt, lease_until=until, not_before=None)


def release(connection: Connection, number: int, attempt: str, not_before: datetime) -> None:
    """Release a notice that its provider certainly did not send."""
    pending = {"state": DeliveryState.PENDING.value, "not_before": not_before, "attempt": None, "lease_until": None}
    _set(connection, number, NOTICE.c.attempt == attempt, **pending)


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
    _set(connection, number, *([] if attempt is None else [NOTICE.c.attempt == attempt]), **ended, lease_until=None)


def expire_leases(connection: Connection, now: datetime) -> None:
    """End claimed notices whose lease has expired as uncertain: they may have been sent and are never sent again."""
    ended = {"state": DeliveryState.UNCERTAIN.value, "reason": EndReason.UNKNOWN_OUTCOME.value, "ended_at": now}
    connection.execute(
        update(NOTICE).where(_lease_expired(now)).values(**ended, address=None, about={}, lease_until=None)
    )


def _claimable(now: datetime) -> ColumnElement[bool]:
    ready = or_(NOTICE.c.not_before.is_(None), NOTICE.c.not_before <= now)
    return and_(NOTICE.c.ended_at.is_(None), NOTICE.c.state == DeliveryState.PENDING.value, ready)


def _lease_expired(now: datetime) -> ColumnElement[bool]:
    return and_(NOTICE.c.ended_at.is_(None), NOTICE.c.state == DeliveryState.SENDING.value, NOTICE.c.lease_until <= now)


def _set(connection: Connection, number: int, *where: ColumnElement[bool], **values: object) -> None:
    connection.execute(update(NOTICE).where(NOTICE.c.number == number, *where).values(**values))
