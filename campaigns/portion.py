"""How many rows a write transaction is given: as many as pass in its time, whatever the disk and the rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Final

_SECONDS: Final = 0.03
_FEWEST: Final = 256
_MOST: Final = 16_384


@dataclass
class Portion:
    """The rows of the next transaction; time each of them by `timed`, its commit included."""

    rows: int = 2048

    @contextmanager
    def timed(self) -> Iterator[None]:
        """One transaction of `rows`; after it `rows` is what passes in 30 ms, at most twice as many as before."""
        began = perf_counter()
        yield
        fitting = round(self.rows * _SECONDS / (perf_counter() - began))
        self.rows = min(max(fitting, _FEWEST), 2 * self.rows, _MOST)
