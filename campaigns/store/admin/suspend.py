"""Suspension of a ledger that has a copy: nothing is sent from it until an operator resumes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from campaigns.core.errors import UserError
from campaigns.store.runs.deliveries import with_state
from campaigns.store.runs.run_tables import DELIVERY, PUBLICATION, RUN
from campaigns.store.runs.states import DeliveryState, RunState


@dataclass(frozen=True, slots=True)
class SuspendResult:
    """Number of paused runs, and of publications that the scheduler no longer sees."""

    runs: int
    publications: int


def suspend(connection: Connection, reason: str) -> SuspendResult:
    """Pause every run that is being sent, and let the scheduler neither plan nor start anything.

    `viesti resume` and `viesti publish` set it going again. Before that, make sure that the same messages are not sent
    from another ledger, now or earlier.
    """
    pause = update(RUN).where(RUN.c.state == RunState.SENDING).values(state=RunState.PAUSED, reason=reason)
    paused = connection.execute(pause).rowcount
    connection.execute(
        update(RUN).where(RUN.c.state.in_([RunState.PLANNING, RunState.PLANNED])).values(scheduled=False)
    )
    due = update(PUBLICATION).where(PUBLICATION.c.next_due.is_not(None)).values(next_due=None)
    return SuspendResult(paused, connection.execute(due).rowcount)


def require_nothing_under_way(connection: Connection, now: datetime) -> None:
    """Raise UserError while a process may be calling a provider about deliveries of this ledger."""
    leased = with_state(select(func.count()), DeliveryState.SENDING).where(DELIVERY.c.lease_until > now)
    number = connection.execute(leased).scalar_one()
    if number:
        message = f"{number} deliveries are under way"
        hint = "stop `viesti serve` and every worker, and wait until what they had claimed has ended"
        raise UserError.about("ledger", message, "under_way", hint)
