"""Rate limiters shared by all processes: GCRA in one ledger row for each account (A-15)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from campaigns.core.model.campaign import Rate
from campaigns.core.model.enums import Channel
from campaigns.core.model.settings import Settings
from campaigns.runs.composing.run_context import Job
from campaigns.store.runs.run_tables import PACE

_MAX_BURST: Final = timedelta(seconds=1)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Spoken:
    """State of an account after a `take`: time until which permits are used up, and total time refunded so far."""

    until: datetime
    given_back: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Pace:
    """Rate limiter of one account, by the generic cell rate algorithm (GCRA); without a rate it permits everything.

    Permits are counted in units: e-mails, or segments of text messages. The burst is a twentieth of the rate's span, at
    most a second, and at least one message of the `largest` number of units. The interval is longer to make up for the
    burst, so that no span, wherever it begins, holds more units than the rate allows. A span that is too short for one
    largest message is taken several times.
    """

    account: str
    rate: Rate | None
    largest: int = 1

    def permits(self, connection: Connection, wanted: int, now: datetime) -> int:
        """Return how many of `wanted` units may go now. Take them in the same transaction."""
        if self.rate is None:
            return wanted
        lead = max(self._due(connection) or now, now) - now
        if lead > self._burst:
            return 0
        return min(wanted, (self._burst - lead) // self._interval + 1)

    def take(self, connection: Connection, units: int, now: datetime) -> Spoken:
        """Take permits for units, in the transaction that claims them."""
        if self.rate is None or not units:
            return Spoken(now)
        state = self._state(connection) or Spoken(now)
        taken = Spoken(max(state.until, now) + units * self._interval, state.given_back)
        self._store(connection, taken)
        return taken

    def give_back(self, connection: Connection, units: int, taken: Spoken, now: datetime) -> None:
        """Refund units of an earlier `take`, as far as their time has not passed yet.

        Refunds made meanwhile have moved that time nearer, so nothing is refunded twice.
        """
        state = self._state(connection) if self.rate is not None and units else None
        if state is None:
            return
        refunded = min(units * self._interval, taken.until - (state.given_back - taken.given_back) - now)
        if refunded > timedelta():
            self._store(connection, Spoken(state.until - refunded, state.given_back + refunded))

    def time_for(self, units: int) -> timedelta:
        """Return the time that units take; zero without a rate."""
        return units * self._interval

    def worth_asking(self, connection: Connection, expected_refund: int = 0) -> datetime | None:
        """Return when several permits will be available for one transaction, or None if at any time.

        `expected_refund` units are about to be refunded.
        """
        due = None if self.rate is None else self._due(connection)
        if due is None:
            return None
        return due - expected_refund * self._interval - (self._burst - (self.largest - 1) * self._interval) / 2

    def slots(self, connection: Connection, now: datetime, after: datetime | None) -> Iterator[datetime]:
        """Yield, without end, the times after `after` at which messages without a permit now can be claimed."""
        moment = max((self._due(connection) or now) - self._burst, now, after or now)
        while True:
            moment += self._interval
            yield moment

    def _due(self, connection: Connection) -> datetime | None:
        state = self._state(connection)
        return None if state is None else state.until

    def _state(self, connection: Connection) -> Spoken | None:
        query = select(PACE.c.due_at, PACE.c.given_back).where(PACE.c.account == self.account)
        row = connection.execute(query).one_or_none()
        return None if row is None else Spoken(row.due_at, row.given_back * _MICROSECOND)

    def _store(self, connection: Connection, state: Spoken) -> None:
        given_back = state.given_back // _MICROSECOND
        connection.execute(delete(PACE).where(PACE.c.account == self.account))
        connection.execute(insert(PACE).values(account=self.account, due_at=state.until, given_back=given_back))

    @property
    def _burst(self) -> timedelta:
        return timedelta() if self.rate is None else max(_base_burst(self.rate), (self.largest - 1) * self._interval)

    @property
    def _interval(self) -> timedelta:
        """Return the time between two units, in whole microseconds, rounded up."""
        if self.rate is None:
            return timedelta()
        spans = -(self.largest // -self.rate.messages)
        units, span = self.rate.messages * spans, self.rate.per * spans
        return max(-((span + _base_burst(self.rate)) // -units), -(span // -(units - self.largest + 1)))


def _base_burst(rate: Rate) -> timedelta:
    """Return the burst that every rate allows: a twentieth of its span, at most a second."""
    return min(rate.per / 20, _MAX_BURST)


def run_pace(run_context: Job) -> Pace:
    """Return the rate limiter of a run, over all its channels; with SMS, an e-mail counts as one segment."""
    has_sms = Channel.SMS in run_context.campaign.channels
    largest = run_context.settings.channels.sms.max_segments if has_sms else 1
    return Pace(run_context.run.run_id, run_context.campaign.limits.rate, largest)


def account_pace(settings: Settings, channel: Channel) -> Pace:
    """Return the rate limiter of a channel's provider account, shared by campaigns, codes and confirmations."""
    match channel:
        case Channel.EMAIL:
            return Pace(f"email {settings.channels.email.provider}", settings.channels.email.rate)
        case Channel.SMS:
            sms = settings.channels.sms
            return Pace(f"sms {sms.provider}", sms.rate, sms.max_segments)
        case Channel.POST | Channel.PHONE:  # handed over in bundles
            return Pace(channel.value, None)
