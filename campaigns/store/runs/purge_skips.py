"""Purge of old skips: of a skipped member only the run's counts remain."""

from datetime import datetime
from typing import Final

from sqlalchemy import delete, exists, func, select

from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs.decisions import SKIP
from campaigns.store.runs.run_tables import DECISION, RUN
from campaigns.store.runs.states import RunState

_AT_ONCE: Final = 4000
_UNDER_WAY: Final = (RunState.PLANNING, RunState.SENDING, RunState.PAUSED)


def purge_skips(ledger: Ledger, before: datetime) -> int:
    """Delete the skips of runs that were due before a moment and have ended; return the number of deleted rows.

    Their numbers by reason remain in the run's `counts`, frozen with the plan. After a crash the next call goes on.
    """
    return sum(_delete(ledger, number) for number in _old(ledger, before))


def remaining_skips(ledger: Ledger) -> tuple[int, datetime | None]:
    """Return the number of stored skips, and when the oldest run among them was due."""
    joined = DECISION.join(RUN, RUN.c.number == DECISION.c.run_number)
    query = select(func.count(), func.min(RUN.c.due_at)).select_from(joined).where(DECISION.c.kind == SKIP)
    with ledger.read() as connection:
        number, oldest = connection.execute(query).one()
    return number, oldest


def _old(ledger: Ledger, before: datetime) -> list[int]:
    """Return the numbers of runs with old skips."""
    skips = exists().where(DECISION.c.run_number == RUN.c.number, DECISION.c.kind == SKIP)
    query = select(RUN.c.number).where(RUN.c.due_at < before, RUN.c.state.not_in(_UNDER_WAY), skips)
    with ledger.read() as connection:
        return list(connection.execute(query.order_by(RUN.c.number)).scalars())


def _delete(ledger: Ledger, run_number: int) -> int:
    """Delete a run's skips, chunk by chunk in the order of members."""
    of_run = DECISION.c.run_number == run_number
    deleted, after = 0, ""
    while True:
        chunk = select(DECISION.c.member_id).where(of_run, DECISION.c.member_id > after)
        chunk = chunk.order_by(DECISION.c.member_id).limit(_AT_ONCE)
        with ledger.write() as connection:
            last = connection.execute(select(func.max(chunk.subquery().c.member_id))).scalar_one()
            if last is None:
                return deleted
            skips = delete(DECISION).where(of_run, DECISION.c.member_id > after, DECISION.c.member_id <= last)
            deleted += connection.execute(skips.where(DECISION.c.kind == SKIP)).rowcount
        after = last
