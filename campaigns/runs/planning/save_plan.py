"""A plan put away: its run file, its decisions in chunks, and at last the row that makes them visible."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from campaigns.runs.planning.plan import Plan
from campaigns.runs.planning.run_files import ROWS_IN_GROUP, RunFiles
from campaigns.store.ledger.connection import Ledger
from campaigns.store.people import audit
from campaigns.store.runs import runs
from campaigns.store.runs.run_tables import DECISION, DELIVERY, Run

_FORGOTTEN_AT_ONCE: Final = 2048

Progress = Callable[[int], None]


def begin(run: Run, ledger: Ledger, files: RunFiles, parts: Mapping[str, Path]) -> None:
    """Copy what a run is planned from; AuthorError when somebody else plans it anew, whose files these are by now."""
    with ledger.write() as connection:
        runs.hold(connection, run)
        files.keep(parts)


def store(plan: Plan, run: Run, ledger: Ledger, files: RunFiles, progress: Progress) -> None:
    """Store a plan under an open run, where nobody sees it before it is shown.

    A crash leaves a run in `planning`, to be planned anew. AuthorError as soon as somebody else plans it anew;
    `progress` is told how many decisions each chunk stored.
    """
    number = run.number or 0
    while _forget(ledger, run):
        pass
    _freeze(plan, run, ledger, files)
    holds = partial(runs.hold, run=run)
    ledger.pour(DELIVERY, plan.bench.reader(plan.deliveries(number)), files.folder, guard=holds, told=lambda _: None)
    ledger.pour(DECISION, plan.bench.reader(plan.decided(number)), files.folder, guard=holds, told=progress)
    ledger.analyse(DECISION, DELIVERY)


def show(plan: Plan, run: Run, reasons: Mapping[str, Any], ledger: Ledger, now: datetime, actor: str) -> None:
    """Let a plan that was stored be seen, and started, with its evidence; AuthorError as by `store`."""
    with ledger.write() as connection:
        runs.hold(connection, run)
        runs.show_plan(connection, run.number or 0, plan.brief.definition, plan.tally.as_json(), reasons, now, actor)
        audit.note(connection, now, actor, "plan", run.run_id, {"definition": plan.brief.definition})


def _freeze(plan: Plan, run: Run, ledger: Ledger, files: RunFiles) -> None:
    """Write the profile fields; they become those of the run while it is still ours to plan."""
    fresh = files.fresh_fields()
    try:
        plan.bench.write(fresh, plan.fields(), ROWS_IN_GROUP)
        with ledger.write() as connection:
            runs.hold(connection, run)
            fresh.replace(files.fields)
    finally:
        fresh.unlink(missing_ok=True)


def _forget(ledger: Ledger, run: Run) -> int:
    with ledger.write() as connection:
        runs.hold(connection, run)
        return runs.forget_rows(connection, run.number or 0, _FORGOTTEN_AT_ONCE)
