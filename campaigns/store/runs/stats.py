"""Statistics of the ledger for monitoring: every query reads a small index, however long the history."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from campaigns.store.runs.deliveries import with_state
from campaigns.store.runs.run_tables import DELIVERY, RUN
from campaigns.store.runs.states import DeliveryState, RunState

_WAITING = (RunState.SENDING, RunState.PAUSED)


@dataclass(frozen=True, slots=True)
class ClaimedCount:
    """Number of claimed deliveries, and the earliest end of their leases."""

    number: int
    first_lease: datetime | None


def runs_by_state(connection: Connection) -> dict[str, int]:
    """Count the runs in each state."""
    rows = connection.execute(select(RUN.c.state, func.count()).group_by(RUN.c.state))
    return {**dict.fromkeys(map(str, RunState), 0), **{row[0]: row[1] for row in rows}}


def pending_by_channel(connection: Connection, runs: Collection[int] | None = None) -> dict[str, int]:
    """Count the pending deliveries by channel: of started runs, or of the given runs."""
    query = with_state(select(DELIVERY.c.channel, func.count()), DeliveryState.PENDING).group_by(DELIVERY.c.channel)
    started = select(RUN.c.number).where(RUN.c.state.in_(_WAITING))
    in_runs = DELIVERY.c.run_number.in_(started if runs is None else runs)
    return {row[0]: row[1] for row in connection.execute(query.where(in_runs))}


def uncertain_by_channel(connection: Connection) -> dict[str, int]:
    """Count the uncertain deliveries by channel."""
    query = with_state(select(DELIVERY.c.channel, func.count()), DeliveryState.UNCERTAIN).group_by(DELIVERY.c.channel)
    return {row[0]: row[1] for row in connection.execute(query)}


def claimed_deliveries(connection: Connection) -> ClaimedCount:
    """Return the claimed deliveries: their number and earliest lease."""
    query = with_state(select(func.count(), func.min(DELIVERY.c.lease_until)), DeliveryState.SENDING)
    number, first = connection.execute(query).one()
    return ClaimedCount(number, first)


def planned_sends(connection: Connection, since: datetime) -> dict[int, dict[str, int]]:
    """Return the sends by channel of the runs that were due since a moment and have begun, by run number."""
    begun = RUN.c.state.in_([*_WAITING, RunState.CLOSED, RunState.CANCELLED])
    rows = connection.execute(select(RUN.c.number, RUN.c.counts).where(RUN.c.due_at >= since, begun))
    return {number: dict(counts["sends"]) for number, counts in rows if counts}
