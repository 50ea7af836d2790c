"""How a run stands in what was told of it: events by their word, and what does not agree (OP-04)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from campaigns.runs.engine import Engine
from campaigns.store.runs import delivery_events
from campaigns.store.runs.reconciliation import agreement


@dataclass(frozen=True, slots=True)
class Told:
    """Of how many deliveries each word was told, and what somebody has to look at."""

    words: Mapping[str, int]
    alarms: Sequence[str]


def told(engine: Engine, run_id: str) -> Told:
    """What was told of a run; AuthorError when there is none of this name."""
    run = engine.run(run_id)
    with engine.ledger.read() as connection:
        words = delivery_events.words(connection, run.number or 0)
        return Told(words, agreement(connection, run, engine.clock.now()).alarms)
