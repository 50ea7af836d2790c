"""Adaptive batch size: as many rows as a write transaction stores in 30 ms, on any disk."""

from dataclasses import dataclass, field
from time import perf_counter
from typing import Final

_SECONDS: Final = 0.03
_FEWEST: Final = 256
_MOST: Final = 16_384


@dataclass
class BatchSize:
    """Number of rows for the next transaction. Call `begin` when it has the write lock, `end` when it is committed.

    `rows` is then the number that would take 30 ms, at most twice as many as before.
    """

    rows: int = 2048
    _started_at: float = field(default=0.0, init=False)

    def begin(self) -> None:
        """Start the clock: the transaction has the write lock."""
        self._started_at = perf_counter()

    def end(self) -> None:
        """Adapt `rows`: the transaction is committed."""
        target = round(self.rows * _SECONDS / (perf_counter() - self._started_at))
        self.rows = min(max(target, _FEWEST), 2 * self.rows, _MOST)
