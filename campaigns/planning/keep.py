"""A plan put away: its run file, its decisions in chunks, and at last the row that makes them visible."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from campaigns.ledger import Ledger
from campaigns.planning.plan import Plan
from campaigns.planning.run_files import ROWS_IN_GROUP, RunFiles
from campaigns.store import audit, decisions, runs
from campaigns.store.tables import DECISION, DELIVERY, Run

_ROWS_IN_CHUNK: Final = 2048  # a write transaction of about 30 ms

Progress = Callable[[int], None]


def keep(
    plan: Plan,
    run: Run,
    reasons: Mapping[str, Any],
    ledger: Ledger,
    files: RunFiles,
    now: datetime,
    actor: str,
    progress: Progress,
) -> None:
    """Store a plan under an open run. A crash before the end leaves a run in `planning`, to be planned anew.

    `reasons` is its evidence. `progress` is told how many decisions each chunk stored.
    """
    number = run.number or 0
    while _forget(ledger, number):
        pass
    plan.bench.write(files.fields, plan.fields(), ROWS_IN_GROUP)
    for batch in plan.bench.batches(plan.rows(), _ROWS_IN_CHUNK):
        rows = [{"run_number": number, **row} for row in batch.to_pylist()]
        with ledger.write() as connection:
            decisions.stage(connection, rows)
        progress(len(rows))
    ledger.analyse(DECISION, DELIVERY)
    with ledger.write() as connection:
        runs.show_plan(connection, number, plan.brief.definition, plan.tally.as_json(), reasons, now, actor)
        audit.note(connection, now, actor, "plan", run.run_id, {"definition": plan.brief.definition})


def _forget(ledger: Ledger, number: int) -> int:
    with ledger.write() as connection:
        return runs.forget_rows(connection, number, _ROWS_IN_CHUNK)
