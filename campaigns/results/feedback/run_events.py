"""Provider events of one run: counts by word, and alarms (OP-04)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from campaigns.runs.engine import Engine
from campaigns.store.runs import delivery_events
from campaigns.store.runs.reconciliation import reconcile_run


@dataclass(frozen=True, slots=True)
class RunEvents:
    """Number of deliveries per event word, and alarms to look at."""

    words: Mapping[str, int]
    alarms: Sequence[str]


def read_run_events(engine: Engine, run_id: str) -> RunEvents:
    """Return the events of a run; raise UserError when the run is unknown."""
    run = engine.run(run_id)
    with engine.ledger.read() as connection:
        words = delivery_events.count_by_kind(connection, run.number or 0)
        return RunEvents(words, reconcile_run(connection, run, engine.clock.now()).alarms)
