"""Tidying after others: leases that ran out, sends whose run was ended early, runs that are done."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, case, func, select

from campaigns.core.model.enums import BUNDLED, Channel
from campaigns.core.model.reasons import EndReason
from campaigns.runs.composing.run_context import Job
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs import bundles, delivery_events, runs
from campaigns.store.runs.deliveries import change_in_state, end_pending, in_state
from campaigns.store.runs.run_tables import DELIVERY, RUN
from campaigns.store.runs.states import UNDER_WAY, DeliveryState, RunState

_ENDS: Final = {
    RunState.CANCELLED: (DeliveryState.WITHDRAWN, EndReason.CANCELLED),
    RunState.MISSED: (DeliveryState.EXPIRED, EndReason.EXPIRED),
}


def tidy(ledger: Ledger, now: datetime) -> None:
    """Look after deliveries whose sender went silent, whatever became of their run, and after runs ended early."""
    with ledger.write() as connection:
        sweep(connection, now)
        left = {state: _with_pending(connection, state) for state in _ENDS}
    _settle(ledger)
    for state, numbers in left.items():
        for number in numbers:
            end_pending(ledger, number, *_ENDS[state], now)


def sweep(connection: Connection, now: datetime) -> None:
    """End the leases that ran out.

    A message may have gone: it becomes uncertain and is never sent again by itself. A letter or call of a bundle
    that was not handed over surely did not: it waits again.
    """
    silent = change_in_state(DeliveryState.SENDING).where(DELIVERY.c.lease_until <= now)
    connection.execute(
        silent.where(DELIVERY.c.channel.not_in(BUNDLED)).values(
            state=DeliveryState.UNCERTAIN, reason=EndReason.UNKNOWN_OUTCOME, ended_at=now, lease_until=None
        )
    )
    back = {"state": DeliveryState.PENDING, "attempt": None, "lease_until": None}
    connection.execute(silent.where(DELIVERY.c.channel.in_(BUNDLED)).values(back))


def _settle(ledger: Ledger) -> None:
    """Say what became of deliveries that are uncertain though something was told of them; mostly there are none."""
    with ledger.read() as connection:
        provable = delivery_events.provable(connection)
    if provable:
        with ledger.write() as connection:
            delivery_events.settle(connection, provable)


def _with_pending(connection: Connection, state: RunState) -> list[int]:
    """The runs that have ended in this state and of which something waits: it came back, or was never started."""
    waiting = in_state(select(DELIVERY.c.position), DeliveryState.PENDING).where(DELIVERY.c.run_number == RUN.c.number)
    found = select(RUN.c.number).where(RUN.c.state == state, waiting.exists())
    return list(connection.execute(found).scalars())


def close_when_done(connection: Connection, job: Job, now: datetime) -> bool:
    """Close a run of which nothing is pending or under way, and no bundle waits for its name; whether it is closed."""
    for state in UNDER_WAY:
        left = in_state(select(DELIVERY.c.position), state).where(DELIVERY.c.run_number == job.number)
        if connection.execute(select(left.exists())).scalar_one():
            return False
    if any(bundles.committed(connection, job.number, channel) for channel in BUNDLED):
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
    moments = [
        connection.execute(
            in_state(select(func.min(waiting)), state).where(
                DELIVERY.c.run_number == job.number, DELIVERY.c.channel == channel
            )
        ).scalar_one_or_none()
        for state in UNDER_WAY
    ]
    return min((moment for moment in moments if moment is not None), default=None)
