"""Rate permits of one channel of one run, under all rate limits that apply at once."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from campaigns.runs.dispatch.rate_limit import RateLimiter, RateState


@dataclass
class _ClaimBatch:
    """Messages of one claim: how many are not composed yet, and how many units the others did not need.

    The event loop only adds to `unneeded` and the ledger's thread only to `refunded`, so neither needs a lock.
    """

    taken: tuple[RateState, ...]
    uncomposed: int
    unneeded: int = 0
    refunded: int = 0


@dataclass
class RatePermits:
    """Permits of one channel of one run in one process.

    The units of a message are known only when it is composed, after its claim. So a claim takes the maximum for each
    message, and the next claim refunds unneeded units. The rate is never exceeded, and a crash between the two wastes
    only a moment of it.
    """

    limiters: tuple[RateLimiter, ...]
    max_message_units: int = 1
    _batches: dict[str, _ClaimBatch] = field(default_factory=dict, init=False)
    _composed: int = field(default=0, init=False)
    _unneeded: int = field(default=0, init=False)

    def available(self, connection: Connection, wanted: int, now: datetime) -> int:
        """Return how many of `wanted` messages may go now under every limit. Take them in the same transaction."""
        units = (limiter.available(connection, wanted * self.max_message_units, now) for limiter in self.limiters)
        return min(units, default=wanted * self.max_message_units) // self.max_message_units

    def take(self, connection: Connection, attempt: str, messages: int, now: datetime) -> None:
        """Take permits for the messages of one claim, in its transaction."""
        taken = tuple(limiter.take(connection, messages * self.max_message_units, now) for limiter in self.limiters)
        if messages and self.max_message_units > 1 and any(limiter.rate is not None for limiter in self.limiters):
            self._batches[attempt] = _ClaimBatch(taken, messages)

    def record_units(self, attempt: str, units: int) -> None:
        """Note how many units a message of a claim takes; 0 if it could not be composed."""
        batch = self._batches.get(attempt)
        if batch is not None:
            batch.unneeded += self.max_message_units - units
            batch.uncomposed -= 1
            self._composed += 1
            self._unneeded += self.max_message_units - units

    def refund(self, connection: Connection, now: datetime) -> None:
        """Refund units that messages composed since the last call did not need."""
        for attempt, batch in tuple(self._batches.items()):
            is_composed = not batch.uncomposed
            units = batch.unneeded - batch.refunded
            for limiter, taken in zip(self.limiters, batch.taken, strict=True):
                limiter.refund(connection, units, taken, now)
            batch.refunded += units
            if is_composed:
                del self._batches[attempt]

    def retry_after(self, connection: Connection) -> datetime | None:
        """Return when several permits will be available under every limit, or None if at any time.

        The estimate assumes that messages take as many units as before.
        """
        batches = self._batches.values()
        expected = sum(batch.uncomposed for batch in batches) * self._unneeded // max(self._composed, 1)
        expected_refund = expected + sum(batch.unneeded - batch.refunded for batch in batches)
        moments = (limiter.retry_after(connection, expected_refund) for limiter in self.limiters)
        return max((moment for moment in moments if moment is not None), default=None)
