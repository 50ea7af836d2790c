"""How many rows a write transaction is given: as many as pass in its time, whatever the disk and the rows."""

from dataclasses import dataclass, field
from time import perf_counter
from typing import Final

_SECONDS: Final = 0.03
_FEWEST: Final = 256
_MOST: Final = 16_384


@dataclass
class Portion:
    """The rows of the next transaction. Say when each begins, once it waits no more, and when it was committed.

    After that `rows` is what passes in 30 ms, at most twice as many as before.
    """

    rows: int = 2048
    _began: float = field(default=0.0, init=False)

    def begin(self) -> None:
        """The transaction has the writer."""
        self._began = perf_counter()

    def end(self) -> None:
        """It is committed."""
        fitting = round(self.rows * _SECONDS / (perf_counter() - self._began))
        self.rows = min(max(fitting, _FEWEST), 2 * self.rows, _MOST)
