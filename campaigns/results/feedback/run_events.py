"""Provider events of one run: counts by word, and alarms (OP-04)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from campaigns.store.runs import delivery_events, runs
from campaigns.store.runs.reconciliation import reconcile_run
from campaigns.workspace.context import Context


@dataclass(frozen=True, slots=True)
class RunEvents:
    """Number of deliveries per event word, and alarms to look at."""

    words: Mapping[str, int]
    alarms: Sequence[str]


def read_run_events(context: Context, run_id: str) -> RunEvents:
    """Return the events of a run; raise UserError when the run is unknown."""
    with context.ledger.read() as connection:
        run = runs.get(connection, run_id)
        words = delivery_events.count_by_kind(connection, run.number or 0)
        return RunEvents(words, reconcile_run(connection, run, context.clock.now()).alarms)
