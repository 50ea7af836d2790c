"""What one channel of one run may say now, by every pace that holds at once."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from campaigns.runs.dispatch.rate_limit import Pace, Spoken


@dataclass
class _Batch:
    """The messages of one claim: how many are not written yet, and how many units the others did not need.

    Who writes only ever adds to `unneeded`, and the ledger's thread to `returned`: neither needs a lock.
    """

    taken: tuple[Spoken, ...]
    unwritten: int
    unneeded: int = 0
    returned: int = 0


@dataclass
class Permits:
    """The permits of one channel of one run in one process.

    How many units a message takes is known when it is written, and that is after its claim. So a claim takes `each`,
    as many as a message may have at most; what it did not need is given back with the next claim. The rate is never
    exceeded, and a crash between the two costs a moment of it.
    """

    paces: tuple[Pace, ...]
    each: int = 1
    _batches: dict[str, _Batch] = field(default_factory=dict, init=False)
    _written: int = field(default=0, init=False)
    _unneeded: int = field(default=0, init=False)

    def permits(self, connection: Connection, wanted: int, now: datetime) -> int:
        """How many of `wanted` messages may go now by every pace. Take them in the same transaction."""
        units = (pace.permits(connection, wanted * self.each, now) for pace in self.paces)
        return min(units, default=wanted * self.each) // self.each

    def take(self, connection: Connection, attempt: str, messages: int, now: datetime) -> None:
        """Count the messages of one claim as gone, in its transaction."""
        taken = tuple(pace.take(connection, messages * self.each, now) for pace in self.paces)
        if messages and self.each > 1 and any(pace.rate is not None for pace in self.paces):
            self._batches[attempt] = _Batch(taken, messages)

    def wrote(self, attempt: str, units: int) -> None:
        """Hear how many units a message of a claim takes; 0 when it could not be written."""
        batch = self._batches.get(attempt)
        if batch is not None:
            batch.unneeded += self.each - units
            batch.unwritten -= 1
            self._written += 1
            self._unneeded += self.each - units

    def give_back(self, connection: Connection, now: datetime) -> None:
        """Give back what messages written since the last time did not need."""
        for attempt, batch in tuple(self._batches.items()):
            is_written = not batch.unwritten
            units = batch.unneeded - batch.returned
            for pace, taken in zip(self.paces, batch.taken, strict=True):
                pace.give_back(connection, units, taken, now)
            batch.returned += units
            if is_written:
                del self._batches[attempt]

    def worth_asking(self, connection: Connection) -> datetime | None:
        """When several permits are there again by every pace, if messages go on as they were; None: at any time."""
        batches = self._batches.values()
        expected = sum(batch.unwritten for batch in batches) * self._unneeded // max(self._written, 1)
        returning = expected + sum(batch.unneeded - batch.returned for batch in batches)
        moments = (pace.worth_asking(connection, returning) for pace in self.paces)
        return max((moment for moment in moments if moment is not None), default=None)
