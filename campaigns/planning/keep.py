"""A plan put away: its run file, its decisions in chunks, and at last the row that makes them visible."""

from collections.abc import Callable, Mapping
from datetime import datetime
from time import perf_counter
from typing import Any, Final

from campaigns.ledger import Ledger
from campaigns.planning.plan import Plan
from campaigns.planning.run_files import ROWS_IN_GROUP, RunFiles
from campaigns.store import audit, decisions, runs
from campaigns.store.tables import DECISION, DELIVERY, Run

_ROWS_IN_CHUNK: Final = 2048  # the first write transaction, and one that forgets
_SECONDS_IN_CHUNK: Final = 0.04  # what each takes after that, whatever the disk and the order of the rows
_FEWEST: Final = 256
_MOST: Final = 16_384

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

    AuthorError as soon as somebody else plans it anew. `reasons` is its evidence; `progress` is told how many
    decisions each chunk stored.
    """
    number = run.number or 0
    while _forget(ledger, run):
        pass
    plan.bench.write(files.fields, plan.fields(), ROWS_IN_GROUP)
    _stage(plan, run, ledger, progress)
    ledger.analyse(DECISION, DELIVERY)
    with ledger.write() as connection:
        runs.hold(connection, run)
        runs.show_plan(connection, number, plan.brief.definition, plan.tally.as_json(), reasons, now, actor)
        audit.note(connection, now, actor, "plan", run.run_id, {"definition": plan.brief.definition})


def _stage(plan: Plan, run: Run, ledger: Ledger, progress: Progress) -> None:
    """Store the decisions, as many in a transaction as the disk and the order of the rows let pass in its time."""
    names = plan.rows().selected_columns.keys()
    size = _ROWS_IN_CHUNK
    for batch in plan.bench.batches(plan.rows(), _MOST):
        start = 0
        while start < batch.num_rows:
            chunk = batch.slice(start, size)
            rows = list(zip(*(column.to_pylist() for column in chunk.columns), strict=True))
            with ledger.write() as connection:
                began = perf_counter()
                runs.hold(connection, run)
                decisions.stage(connection, run.number or 0, names, rows)
            progress(len(rows))
            start += len(rows)
            size = round(min(max(size * _SECONDS_IN_CHUNK / (perf_counter() - began), _FEWEST), 2 * size, _MOST))


def _forget(ledger: Ledger, run: Run) -> int:
    with ledger.write() as connection:
        runs.hold(connection, run)
        return runs.forget_rows(connection, run.number or 0, _ROWS_IN_CHUNK)
