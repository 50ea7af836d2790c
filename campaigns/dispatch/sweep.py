"""Tidying after others: leases that ran out, sends whose time is over, runs that are done."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, case, func, select, update

from campaigns.dispatch.job import Job
from campaigns.spec.reasons import EndReason
from campaigns.spec.words import Channel
from campaigns.store import runs
from campaigns.store.tables import DELIVERY
from campaigns.store.words import UNDER_WAY, DeliveryState, RunState

_BUNDLED = (Channel.POST, Channel.PHONE)


def sweep(connection: Connection, job: Job, now: datetime) -> None:
    """Look after deliveries whose sender went silent: the lease of their claim ran out.

    A message may have gone: it becomes uncertain and is never sent again by itself. A letter or call of a bundle
    that was not handed over surely did not: it waits again.
    """
    silent = (DELIVERY.c.run_number == job.number, DELIVERY.c.state == DeliveryState.SENDING, _ran_out(now))
    connection.execute(
        update(DELIVERY)
        .where(*silent, DELIVERY.c.channel.not_in(_BUNDLED))
        .values(state=DeliveryState.UNCERTAIN, reason=EndReason.UNKNOWN_OUTCOME, ended_at=now, lease_until=None)
    )
    connection.execute(
        update(DELIVERY)
        .where(*silent, DELIVERY.c.channel.in_(_BUNDLED))
        .values(state=DeliveryState.PENDING, attempt=None, lease_until=None)
    )


def _ran_out(now: datetime) -> ColumnElement[bool]:
    return DELIVERY.c.lease_until <= now


def end_pending(
    connection: Connection, job: Job, state: DeliveryState, reason: EndReason, now: datetime, *channels: Channel
) -> int:
    """End what still waits, in some channels or in all; returns how many."""
    waiting = [DELIVERY.c.run_number == job.number, DELIVERY.c.state == DeliveryState.PENDING]
    if channels:
        waiting.append(DELIVERY.c.channel.in_(channels))
    ended = connection.execute(
        update(DELIVERY).where(*waiting).values(state=state, reason=reason, ended_at=now, not_before=None)
    )
    return ended.rowcount


def close_when_done(connection: Connection, job: Job, now: datetime) -> bool:
    """Close a run of which nothing is pending or under way; whether it is closed."""
    open_ones = select(func.count()).where(DELIVERY.c.run_number == job.number, DELIVERY.c.state.in_(UNDER_WAY))
    if connection.execute(open_ones).scalar_one():
        return False
    return runs.move(connection, job.number, [RunState.SENDING], RunState.CLOSED, closed_at=now)


def next_moment(connection: Connection, job: Job, channel: Channel) -> datetime | None:
    """When it is worth looking at a channel again: a waiting delivery's moment, or the end of another's lease.

    None: nothing waits, and nobody is at it.
    """
    waiting = case(
        (DELIVERY.c.state == DeliveryState.PENDING, func.coalesce(DELIVERY.c.not_before, job.run.due_at)),
        else_=DELIVERY.c.lease_until,
    )
    first = select(func.min(waiting)).where(
        DELIVERY.c.run_number == job.number, DELIVERY.c.channel == channel, DELIVERY.c.state.in_(UNDER_WAY)
    )
    return connection.execute(first).scalar_one_or_none()
