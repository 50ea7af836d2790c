"""Old skips folded away: of a decision that nothing came of, only its run's counts are kept."""

from datetime import datetime
from typing import Final

from sqlalchemy import delete, exists, func, select

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
    return sum(_delete(ledger, number) for number in _old(ledger, before))


def skips_left(ledger: Ledger) -> tuple[int, datetime | None]:
    """How many skips are kept, and when the oldest run of them was due."""
    joined = DECISION.join(RUN, RUN.c.number == DECISION.c.run_number)
    query = select(func.count(), func.min(RUN.c.due_at)).select_from(joined).where(DECISION.c.kind == SKIP)
    with ledger.read() as connection:
        left, oldest = connection.execute(query).one()
    return left, oldest


def _old(ledger: Ledger, before: datetime) -> list[int]:
    """The runs with old skips."""
    skips = exists().where(DECISION.c.run_number == RUN.c.number, DECISION.c.kind == SKIP)
    query = select(RUN.c.number).where(RUN.c.due_at < before, RUN.c.state.not_in(_UNDER_WAY), skips)
    with ledger.read() as connection:
        return list(connection.execute(query.order_by(RUN.c.number)).scalars())


def _delete(ledger: Ledger, run_number: int) -> int:
    """Delete a run's skips, stretch by stretch in the order of members."""
    of_run = DECISION.c.run_number == run_number
    gone, after = 0, ""
    while True:
        stretch = select(DECISION.c.member_id).where(of_run, DECISION.c.member_id > after)
        stretch = stretch.order_by(DECISION.c.member_id).limit(_AT_ONCE)
        with ledger.write() as connection:
            last = connection.execute(select(func.max(stretch.subquery().c.member_id))).scalar_one()
            if last is None:
                return gone
            skips = delete(DECISION).where(of_run, DECISION.c.member_id > after, DECISION.c.member_id <= last)
            gone += connection.execute(skips.where(DECISION.c.kind == SKIP)).rowcount
        after = last
