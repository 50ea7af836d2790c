"""A ledger that is not the only one of its kind, stopped: nothing goes from it until somebody says so."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from campaigns.errors import AuthorError
from campaigns.store.deliveries import in_state
from campaigns.store.tables import DELIVERY, PUBLICATION, RUN
from campaigns.store.words import DeliveryState, RunState


@dataclass(frozen=True, slots=True)
class Held:
    """How many runs were paused, and how many publications the scheduler does not see any more."""

    runs: int
    publications: int


def hold(connection: Connection, reason: str) -> Held:
    """Pause what sends, and let nothing be planned or started by the clock.

    `viesti resume` and `viesti publish` set it going again: whoever does has made sure that the same messages do not
    go from another ledger too, nor went already.
    """
    sending = update(RUN).where(RUN.c.state == RunState.SENDING).values(state=RunState.PAUSED, reason=reason)
    paused = connection.execute(sending).rowcount
    connection.execute(
        update(RUN).where(RUN.c.state.in_([RunState.PLANNING, RunState.PLANNED])).values(scheduled=False)
    )
    due = update(PUBLICATION).where(PUBLICATION.c.next_due.is_not(None)).values(next_due=None)
    return Held(paused, connection.execute(due).rowcount)


def refuse_under_way(connection: Connection, now: datetime) -> None:
    """AuthorError while a process may be speaking to a provider about deliveries of this ledger."""
    living = in_state(select(func.count()), DeliveryState.SENDING).where(DELIVERY.c.lease_until > now)
    number = connection.execute(living).scalar_one()
    if number:
        message = f"{number} deliveries are under way"
        hint = "stop `viesti serve` and every worker, and wait until what they had claimed has ended"
        raise AuthorError.about("ledger", message, "under_way", hint)
