"""How the ledger stands, for those who watch it: every question reads a small index, whatever went before."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from campaigns.store.deliveries import in_state
from campaigns.store.tables import DELIVERY, RUN
from campaigns.store.words import DeliveryState, RunState

_WAITING = (RunState.SENDING, RunState.PAUSED)


@dataclass(frozen=True, slots=True)
class UnderWay:
    """How many deliveries are claimed, and the first moment at which one of their leases ends."""

    number: int
    first_lease: datetime | None


def run_states(connection: Connection) -> dict[str, int]:
    """How many runs are in each state."""
    rows = connection.execute(select(RUN.c.state, func.count()).group_by(RUN.c.state))
    return {**dict.fromkeys(map(str, RunState), 0), **{row[0]: row[1] for row in rows}}


def backlog(connection: Connection, runs: Collection[int] | None = None) -> dict[str, int]:
    """How many deliveries wait by channel: of runs that were started, or of those that are named."""
    query = in_state(select(DELIVERY.c.channel, func.count()), DeliveryState.PENDING).group_by(DELIVERY.c.channel)
    started = select(RUN.c.number).where(RUN.c.state.in_(_WAITING))
    chosen = DELIVERY.c.run_number.in_(started if runs is None else runs)
    return {row[0]: row[1] for row in connection.execute(query.where(chosen))}


def uncertain(connection: Connection) -> dict[str, int]:
    """Of how many deliveries nobody knows whether they went, by channel."""
    query = in_state(select(DELIVERY.c.channel, func.count()), DeliveryState.UNCERTAIN).group_by(DELIVERY.c.channel)
    return {row[0]: row[1] for row in connection.execute(query)}


def under_way(connection: Connection) -> UnderWay:
    """What is being sent this very moment."""
    query = in_state(select(func.count(), func.min(DELIVERY.c.lease_until)), DeliveryState.SENDING)
    number, first = connection.execute(query).one()
    return UnderWay(number, first)


def planned(connection: Connection, since: datetime) -> dict[int, dict[str, int]]:
    """The sends by channel of the runs that were due since a moment and have begun, by the run's number."""
    begun = RUN.c.state.in_([*_WAITING, RunState.CLOSED, RunState.CANCELLED])
    rows = connection.execute(select(RUN.c.number, RUN.c.counts).where(RUN.c.due_at >= since, begun))
    return {number: dict(counts["sends"]) for number, counts in rows if counts}
