"""Old skips folded away: of a decision that nothing came of, only its run's counts are kept."""

from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, select

from campaigns.ledger import Ledger
from campaigns.store.decisions import SKIP
from campaigns.store.tables import DECISION, RUN
from campaigns.store.words import RunState

_AT_ONCE: Final = 4000
_UNDER_WAY: Final = (RunState.PLANNING, RunState.SENDING, RunState.PAUSED)


def fold_skips(ledger: Ledger, before: datetime) -> int:
    """Delete the skips of runs that were due before a moment and are not under way; returns how many went.

    Their numbers by reason stand in the run's `counts`, frozen with the plan. Killed halfway, the next run goes on.
    """
    return sum(_delete(ledger, number, first, last) for number, first, last in _old(ledger, before))


def skips_left(ledger: Ledger) -> tuple[int, datetime | None]:
    """How many skips are kept, and when the oldest run of them was due."""
    joined = DECISION.join(RUN, RUN.c.number == DECISION.c.run_number)
    query = select(func.count(), func.min(RUN.c.due_at)).select_from(joined).where(DECISION.c.kind == SKIP)
    with ledger.read() as connection:
        left, oldest = connection.execute(query).one()
    return left, oldest


def _old(ledger: Ledger, before: datetime) -> list[tuple[int, int, int]]:
    """The runs with old skips, and between which positions those stand: after all sends."""
    positions = (func.min(DECISION.c.position), func.max(DECISION.c.position))
    query = (
        select(DECISION.c.run_number, *positions)
        .join_from(DECISION, RUN, RUN.c.number == DECISION.c.run_number)
        .where(DECISION.c.kind == SKIP, RUN.c.due_at < before, RUN.c.state.not_in(_UNDER_WAY))
        .group_by(DECISION.c.run_number)
        .order_by(DECISION.c.run_number)
    )
    with ledger.read() as connection:
        return [(number, first, last) for number, first, last in connection.execute(query)]


def _delete(ledger: Ledger, run_number: int, first: int, last: int) -> int:
    gone = 0
    for start in range(first, last + 1, _AT_ONCE):
        these = DECISION.c.position.between(start, start + _AT_ONCE - 1)
        with ledger.write() as connection:
            old = delete(DECISION).where(DECISION.c.run_number == run_number, these, DECISION.c.kind == SKIP)
            gone += connection.execute(old).rowcount
    return gone
