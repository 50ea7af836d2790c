"""Storage of a plan: its run files, its decisions in chunks, and last the row that makes them visible."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from campaigns.runs.planning.plan import Plan
from campaigns.runs.planning.run_files import ROW_GROUP_SIZE, RunFiles
from campaigns.store.ledger.connection import Ledger, ProgressCallback
from campaigns.store.people import audit
from campaigns.store.runs import runs
from campaigns.store.runs.run_tables import DECISION, DELIVERY, Run

_ROWS_PER_DELETE: Final = 2048


def copy_run_files(run: Run, ledger: Ledger, files: RunFiles, parts: Mapping[str, Path]) -> None:
    """Copy the files a run is planned from; raise UserError when another process has begun to plan it."""
    with ledger.write() as connection:
        runs.assert_still_planning(connection, run)
        files.copy_definition(parts)


def save_plan(plan: Plan, run: Run, ledger: Ledger, files: RunFiles, on_progress: ProgressCallback) -> None:
    """Store a plan under an open run; it stays invisible until `make_visible`.

    A crash leaves a run in `planning`, to be planned again. Raise UserError as soon as another process begins to plan
    it. `on_progress` receives the number of decisions in each stored chunk.
    """
    number = run.number or 0
    while _delete_rows(ledger, run):
        pass
    _write_fields(plan, run, ledger, files)
    guard = partial(runs.assert_still_planning, run=run)
    ledger.bulk_load(
        DELIVERY,
        plan.session.fetch_batches(plan.delivery_rows(number)),
        files.folder,
        guard=guard,
        on_progress=lambda _: None,
    )
    ledger.bulk_load(
        DECISION,
        plan.session.fetch_batches(plan.decision_rows(number)),
        files.folder,
        guard=guard,
        on_progress=on_progress,
    )
    ledger.analyse(DECISION, DELIVERY)


def make_visible(plan: Plan, run: Run, reasons: Mapping[str, Any], ledger: Ledger, now: datetime, actor: str) -> None:
    """Make a stored plan visible, with its evidence, so that it can be started; raise UserError as `save_plan` does."""
    with ledger.write() as connection:
        runs.assert_still_planning(connection, run)
        runs.mark_planned(
            connection, run.number or 0, plan.plan_input.definition_hash, plan.counts.as_json(), reasons, now, actor
        )
        audit.record(connection, now, actor, "plan", run.run_id, {"definition": plan.plan_input.definition_hash})


def _write_fields(plan: Plan, run: Run, ledger: Ledger, files: RunFiles) -> None:
    """Write the profile fields; move them into place only while this process still plans the run."""
    new_file = files.new_fields_file()
    try:
        plan.session.export_parquet(new_file, plan.field_rows(), ROW_GROUP_SIZE)
        with ledger.write() as connection:
            runs.assert_still_planning(connection, run)
            new_file.replace(files.fields)
    finally:
        new_file.unlink(missing_ok=True)


def _delete_rows(ledger: Ledger, run: Run) -> int:
    with ledger.write() as connection:
        runs.assert_still_planning(connection, run)
        return runs.delete_rows(connection, run.number or 0, _ROWS_PER_DELETE)
