"""How fast: permits at a rate that all processes share, by one row in the ledger (A-15)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from campaigns.spec.campaign import Rate
from campaigns.store.tables import PACE

_LONGEST_BURST: Final = timedelta(seconds=1)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Pace:
    """The pace of one account, by the generic cell rate algorithm; without a rate it permits everything.

    A twentieth of the rate's span, at most a second, may be made up for. The interval is longer by the same, so that
    no span of that length, wherever it begins, holds more messages than the rate says.
    """

    account: str
    rate: Rate | None

    def permits(self, connection: Connection, wanted: int, now: datetime) -> int:
        """How many of `wanted` messages may go now. Take them in the same transaction."""
        if self.rate is None:
            return wanted
        ahead = max(self._due(connection) or now, now) - now
        if ahead > self._burst:
            return 0
        return min(wanted, (self._burst - ahead) // self._interval + 1)

    def take(self, connection: Connection, messages: int, now: datetime) -> None:
        """Count messages as gone, in the transaction that claims them."""
        if self.rate is None or not messages:
            return
        due_at = max(self._due(connection) or now, now) + messages * self._interval
        connection.execute(delete(PACE).where(PACE.c.account == self.account))
        connection.execute(insert(PACE).values(account=self.account, due_at=due_at))

    def time_for(self, messages: int) -> timedelta:
        """How long so many messages take; nothing where there is no rate."""
        return messages * self._interval

    def worth_asking(self, connection: Connection) -> datetime | None:
        """When several permits are there again, so that one transaction serves them; None: at any time."""
        due = self._due(connection)
        return None if self.rate is None or due is None else due - self._burst / 2

    def slots(self, connection: Connection, now: datetime, after: datetime | None) -> Iterator[datetime]:
        """Without end, the moments at which messages that get no permit now are worth a claim, later than `after`."""
        slot = max((self._due(connection) or now) - self._burst, now, after or now)
        while True:
            slot += self._interval
            yield slot

    def _due(self, connection: Connection) -> datetime | None:
        return connection.execute(select(PACE.c.due_at).where(PACE.c.account == self.account)).scalar_one_or_none()

    @property
    def _burst(self) -> timedelta:
        return timedelta() if self.rate is None else min(self.rate.per / 20, _LONGEST_BURST)

    @property
    def _interval(self) -> timedelta:
        """The time that one message takes, in whole microseconds, rounded up."""
        if self.rate is None:
            return timedelta()
        return -((self.rate.per + self._burst) // -self.rate.messages)


@dataclass(frozen=True, slots=True)
class Paces:
    """Several paces that hold at once."""

    paces: tuple[Pace, ...]

    def permits(self, connection: Connection, wanted: int, now: datetime) -> int:
        """How many of `wanted` messages may go now by every pace. Take them in the same transaction."""
        return min((pace.permits(connection, wanted, now) for pace in self.paces), default=wanted)

    def take(self, connection: Connection, messages: int, now: datetime) -> None:
        """Count messages as gone, in the transaction that claims them."""
        for pace in self.paces:
            pace.take(connection, messages, now)

    def worth_asking(self, connection: Connection) -> datetime | None:
        """When several permits are there again by every pace; None: at any time."""
        moments = (pace.worth_asking(connection) for pace in self.paces)
        return max((moment for moment in moments if moment is not None), default=None)
