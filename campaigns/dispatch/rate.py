"""How fast: a pacer that gives out permits at a rate, none saved up beyond a second."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

_BURST = timedelta(seconds=1)


@dataclass(slots=True)
class Pacer:
    """Permits at `rate` messages a second (None: as many as asked), by the generic cell rate algorithm (GCRA)."""

    rate: Decimal | None
    due: datetime | None = field(default=None, init=False)

    def permits(self, wanted: int, now: datetime) -> int:
        """How many of `wanted` messages may go now; they count as gone."""
        if self.rate is None or wanted <= 0:
            return max(wanted, 0)
        earliest = now - _BURST if self.due is None else max(self.due, now - _BURST)
        given = min(wanted, int((now - earliest) / self._interval))
        self.due = earliest + given * self._interval
        return given

    def wait(self, now: datetime) -> timedelta:
        """How long until the next permit."""
        if self.rate is None or self.due is None:
            return timedelta()
        return max(self.due + self._interval - now, timedelta())

    @property
    def _interval(self) -> timedelta:
        return timedelta(seconds=float(1 / (self.rate or Decimal(1))))
