"""Sweeper: expired leases, pending deliveries of ended runs, runs without work left."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, case, func, select

from campaigns.core.model.enums import BUNDLED_CHANNELS, Channel
from campaigns.core.model.reasons import EndReason
from campaigns.runs.composing.run_context import RunContext
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs import bundles, delivery_events, runs
from campaigns.store.runs.deliveries import end_pending, update_with_state, with_state
from campaigns.store.runs.run_tables import DELIVERY, RUN
from campaigns.store.runs.states import OPEN_DELIVERY_STATES, DeliveryState, RunState

_ENDS: Final = {
    RunState.CANCELLED: (DeliveryState.WITHDRAWN, EndReason.CANCELLED),
    RunState.MISSED: (DeliveryState.EXPIRED, EndReason.EXPIRED),
}


def clean_up(ledger: Ledger, now: datetime) -> None:
    """Expire leases of dead senders, whatever the state of their run, and end pending deliveries of ended runs."""
    with ledger.write() as connection:
        expire_leases(connection, now)
        pending_runs = {state: _with_pending(connection, state) for state in _ENDS}
    _resolve_uncertain(ledger)
    for state, numbers in pending_runs.items():
        for number in numbers:
            end_pending(ledger, number, *_ENDS[state], now)


def expire_leases(connection: Connection, now: datetime) -> None:
    """End leases that have run out.

    A message may have been sent: it becomes uncertain and is never sent again automatically. A letter or call whose
    bundle was not handed over cannot have been sent: it is put back to pending.
    """
    expired = update_with_state(DeliveryState.SENDING).where(DELIVERY.c.lease_until <= now)
    connection.execute(
        expired.where(DELIVERY.c.channel.not_in(BUNDLED_CHANNELS)).values(
            state=DeliveryState.UNCERTAIN, reason=EndReason.UNKNOWN_OUTCOME, ended_at=now, lease_until=None
        )
    )
    values = {"state": DeliveryState.PENDING, "attempt": None, "lease_until": None}
    connection.execute(expired.where(DELIVERY.c.channel.in_(BUNDLED_CHANNELS)).values(values))


def _resolve_uncertain(ledger: Ledger) -> None:
    """Resolve uncertain deliveries that provider events prove sent or not; mostly there are none."""
    with ledger.read() as connection:
        provable = delivery_events.list_provable(connection)
    if provable:
        with ledger.write() as connection:
            delivery_events.resolve_uncertain(connection, provable)


def _with_pending(connection: Connection, state: RunState) -> list[int]:
    """Return the runs in an end state that still have pending deliveries: put back, or never started."""
    waiting = with_state(select(DELIVERY.c.position), DeliveryState.PENDING).where(
        DELIVERY.c.run_number == RUN.c.number
    )
    query = select(RUN.c.number).where(RUN.c.state == state, waiting.exists())
    return list(connection.execute(query).scalars())


def close_if_done(connection: Connection, run_context: RunContext, now: datetime) -> bool:
    """Close a run with nothing pending or in flight and no bundle to rename; return whether it was closed."""
    for state in OPEN_DELIVERY_STATES:
        remaining = with_state(select(DELIVERY.c.position), state).where(DELIVERY.c.run_number == run_context.number)
        if connection.execute(select(remaining.exists())).scalar_one():
            return False
    if any(bundles.list_committed(connection, run_context.number, channel) for channel in BUNDLED_CHANNELS):
        return False
    return runs.change_state(connection, run_context.number, [RunState.SENDING], RunState.CLOSED, closed_at=now)


def next_due_at(connection: Connection, run_context: RunContext, channel: Channel) -> datetime | None:
    """Return when to look at a channel again: the time of a waiting delivery, or the end of a claimed one's lease.

    Return None if nothing is pending or claimed.
    """
    waiting = case(
        (DELIVERY.c.state == DeliveryState.PENDING, func.coalesce(DELIVERY.c.not_before, run_context.run.due_at)),
        else_=DELIVERY.c.lease_until,
    )
    moments = [
        connection.execute(
            with_state(select(func.min(waiting)), state).where(
                DELIVERY.c.run_number == run_context.number, DELIVERY.c.channel == channel
            )
        ).scalar_one_or_none()
        for state in OPEN_DELIVERY_STATES
    ]
    return min((moment for moment in moments if moment is not None), default=None)
