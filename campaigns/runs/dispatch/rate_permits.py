"""Rate permits of one channel of one run, under all rate limits that apply at once."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from campaigns.runs.dispatch.rate_limit import Pace, Spoken


@dataclass
class _Batch:
    """Messages of one claim: how many are not composed yet, and how many units the others did not need.

    The event loop only adds to `unneeded` and the ledger's thread only to `refunded`, so neither needs a lock.
    """

    taken: tuple[Spoken, ...]
    uncomposed: int
    unneeded: int = 0
    refunded: int = 0


@dataclass
class Permits:
    """Permits of one channel of one run in one process.

    The units of a message are known only when it is composed, after its claim. So a claim takes the maximum for each
    message, and the next claim refunds unneeded units. The rate is never exceeded, and a crash between the two wastes
    only a moment of it.
    """

    paces: tuple[Pace, ...]
    each: int = 1
    _batches: dict[str, _Batch] = field(default_factory=dict, init=False)
    _composed: int = field(default=0, init=False)
    _unneeded: int = field(default=0, init=False)

    def permits(self, connection: Connection, wanted: int, now: datetime) -> int:
        """Return how many of `wanted` messages may go now under every limit. Take them in the same transaction."""
        units = (limiter.permits(connection, wanted * self.each, now) for limiter in self.paces)
        return min(units, default=wanted * self.each) // self.each

    def take(self, connection: Connection, attempt: str, messages: int, now: datetime) -> None:
        """Take permits for the messages of one claim, in its transaction."""
        taken = tuple(limiter.take(connection, messages * self.each, now) for limiter in self.paces)
        if messages and self.each > 1 and any(limiter.rate is not None for limiter in self.paces):
            self._batches[attempt] = _Batch(taken, messages)

    def wrote(self, attempt: str, units: int) -> None:
        """Note how many units a message of a claim takes; 0 if it could not be composed."""
        batch = self._batches.get(attempt)
        if batch is not None:
            batch.unneeded += self.each - units
            batch.uncomposed -= 1
            self._composed += 1
            self._unneeded += self.each - units

    def give_back(self, connection: Connection, now: datetime) -> None:
        """Refund units that messages composed since the last call did not need."""
        for attempt, batch in tuple(self._batches.items()):
            is_composed = not batch.uncomposed
            units = batch.unneeded - batch.refunded
            for limiter, taken in zip(self.paces, batch.taken, strict=True):
                limiter.give_back(connection, units, taken, now)
            batch.refunded += units
            if is_composed:
                del self._batches[attempt]

    def worth_asking(self, connection: Connection) -> datetime | None:
        """Return when several permits will be available under every limit, or None if at any time.

        The estimate assumes that messages take as many units as before.
        """
        batches = self._batches.values()
        expected = sum(batch.uncomposed for batch in batches) * self._unneeded // max(self._composed, 1)
        expected_refund = expected + sum(batch.unneeded - batch.refunded for batch in batches)
        moments = (limiter.worth_asking(connection, expected_refund) for limiter in self.paces)
        return max((moment for moment in moments if moment is not None), default=None)
