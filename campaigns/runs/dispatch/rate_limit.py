"""Rate limiters shared by all processes: GCRA in one ledger row for each account (A-15)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from campaigns.core.model.campaign import SendRate
from campaigns.core.model.enums import Channel
from campaigns.core.model.settings import Settings
from campaigns.runs.composing.run_context import RunContext
from campaigns.store.runs.run_tables import RATE_LIMIT

_MAX_BURST: Final = timedelta(seconds=1)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class RateState:
    """State of an account after a `take`: time until which permits are used up, and total time refunded so far."""

    used_until: datetime
    refunded: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class RateLimiter:
    """Rate limiter of one account, by the generic cell rate algorithm (GCRA); without a rate it permits everything.

    Permits are counted in units: e-mails, or segments of text messages. The burst is a twentieth of the rate's span, at
    most a second, and at least one message of the `largest` number of units. The interval is longer to make up for the
    burst, so that no span, wherever it begins, holds more units than the rate allows. A span that is too short for one
    largest message is taken several times.
    """

    account: str
    rate: SendRate | None
    max_message_units: int = 1

    def available(self, connection: Connection, wanted: int, now: datetime) -> int:
        """Return how many of `wanted` units may go now. Take them in the same transaction."""
        if self.rate is None:
            return wanted
        lead = max(self._due(connection) or now, now) - now
        if lead > self._burst:
            return 0
        return min(wanted, (self._burst - lead) // self._interval + 1)

    def take(self, connection: Connection, units: int, now: datetime) -> RateState:
        """Take permits for units, in the transaction that claims them."""
        if self.rate is None or not units:
            return RateState(now)
        state = self._state(connection) or RateState(now)
        taken = RateState(max(state.used_until, now) + units * self._interval, state.refunded)
        self._store(connection, taken)
        return taken

    def refund(self, connection: Connection, units: int, taken: RateState, now: datetime) -> None:
        """Refund units of an earlier `take`, as far as their time has not passed yet.

        Refunds made meanwhile have moved that time nearer, so nothing is refunded twice.
        """
        state = self._state(connection) if self.rate is not None and units else None
        if state is None:
            return
        refunded = min(units * self._interval, taken.used_until - (state.refunded - taken.refunded) - now)
        if refunded > timedelta():
            self._store(connection, RateState(state.used_until - refunded, state.refunded + refunded))

    def duration(self, units: int) -> timedelta:
        """Return the time that units take; zero without a rate."""
        return units * self._interval

    def retry_after(self, connection: Connection, expected_refund: int = 0) -> datetime | None:
        """Return when several permits will be available for one transaction, or None if at any time.

        `expected_refund` units are about to be refunded.
        """
        due = None if self.rate is None else self._due(connection)
        if due is None:
            return None
        return (
            due - expected_refund * self._interval - (self._burst - (self.max_message_units - 1) * self._interval) / 2
        )

    def next_slots(self, connection: Connection, now: datetime, after: datetime | None) -> Iterator[datetime]:
        """Yield, without end, the times after `after` at which messages without a permit now can be claimed."""
        moment = max((self._due(connection) or now) - self._burst, now, after or now)
        while True:
            moment += self._interval
            yield moment

    def _due(self, connection: Connection) -> datetime | None:
        state = self._state(connection)
        return None if state is None else state.used_until

    def _state(self, connection: Connection) -> RateState | None:
        query = select(RATE_LIMIT.c.due_at, RATE_LIMIT.c.given_back).where(RATE_LIMIT.c.account == self.account)
        row = connection.execute(query).one_or_none()
        return None if row is None else RateState(row.due_at, row.given_back * _MICROSECOND)

    def _store(self, connection: Connection, state: RateState) -> None:
        given_back = state.refunded // _MICROSECOND
        connection.execute(delete(RATE_LIMIT).where(RATE_LIMIT.c.account == self.account))
        connection.execute(
            insert(RATE_LIMIT).values(account=self.account, due_at=state.used_until, given_back=given_back)
        )

    @property
    def _burst(self) -> timedelta:
        return (
            timedelta()
            if self.rate is None
            else max(_base_burst(self.rate), (self.max_message_units - 1) * self._interval)
        )

    @property
    def _interval(self) -> timedelta:
        """Return the time between two units, in whole microseconds, rounded up."""
        if self.rate is None:
            return timedelta()
        spans = -(self.max_message_units // -self.rate.messages)
        units, span = self.rate.messages * spans, self.rate.per * spans
        return max(-((span + _base_burst(self.rate)) // -units), -(span // -(units - self.max_message_units + 1)))


def _base_burst(rate: SendRate) -> timedelta:
    """Return the burst that every rate allows: a twentieth of its span, at most a second."""
    return min(rate.per / 20, _MAX_BURST)


def run_limiter(run_context: RunContext) -> RateLimiter:
    """Return the rate limiter of a run, over all its channels; with SMS, an e-mail counts as one segment."""
    has_sms = Channel.SMS in run_context.campaign.channels
    largest = run_context.settings.channels.sms.max_segments if has_sms else 1
    return RateLimiter(run_context.run.run_id, run_context.campaign.limits.rate, largest)


def account_limiter(settings: Settings, channel: Channel) -> RateLimiter:
    """Return the rate limiter of a channel's provider account, shared by campaigns, codes and confirmations."""
    match channel:
        case Channel.EMAIL:
            return RateLimiter(f"email {settings.channels.email.provider}", settings.channels.email.rate)
        case Channel.SMS:
            sms = settings.channels.sms
            return RateLimiter(f"sms {sms.provider}", sms.rate, sms.max_segments)
        case Channel.POST | Channel.PHONE:  # handed over in bundles
            return RateLimiter(channel.value, None)
