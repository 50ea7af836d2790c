"""How fast: permits at a rate that all processes share, by one row in the ledger (A-15)."""

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

_LONGEST_BURST: Final = timedelta(seconds=1)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Spoken:
    """Until when an account has spoken after a `take`, and how much of its time had ever been given back by then."""

    until: datetime
    given_back: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Pace:
    """The pace of one account, by the generic cell rate algorithm; without a rate it permits everything.

    What is permitted are units: e-mails, or segments of text messages. A twentieth of the rate's span, at most a
    second, may be made up for, and as much as a message of the `largest` number of units takes at once. The interval
    is longer by the same, so that no span of that length, wherever it begins, holds more units than the rate says. A
    span that is too short for one largest message is taken several times.
    """

    account: str
    rate: Rate | None
    largest: int = 1

    def permits(self, connection: Connection, wanted: int, now: datetime) -> int:
        """How many of `wanted` units may go now. Take them in the same transaction."""
        if self.rate is None:
            return wanted
        ahead = max(self._due(connection) or now, now) - now
        if ahead > self._burst:
            return 0
        return min(wanted, (self._burst - ahead) // self._interval + 1)

    def take(self, connection: Connection, units: int, now: datetime) -> Spoken:
        """Count units as gone, in the transaction that claims them."""
        if self.rate is None or not units:
            return Spoken(now)
        spoken = self._spoken(connection) or Spoken(now)
        taken = Spoken(max(spoken.until, now) + units * self._interval, spoken.given_back)
        self._keep(connection, taken)
        return taken

    def give_back(self, connection: Connection, units: int, taken: Spoken, now: datetime) -> None:
        """Count units as not gone, of those that a `take` took: as far as their time has not passed yet.

        What anybody gave back meanwhile has moved that time nearer: nothing is given back twice.
        """
        spoken = self._spoken(connection) if self.rate is not None and units else None
        if spoken is None:
            return
        returned = min(units * self._interval, taken.until - (spoken.given_back - taken.given_back) - now)
        if returned > timedelta():
            self._keep(connection, Spoken(spoken.until - returned, spoken.given_back + returned))

    def time_for(self, units: int) -> timedelta:
        """How long so many units take; nothing where there is no rate."""
        return units * self._interval

    def worth_asking(self, connection: Connection, returning: int = 0) -> datetime | None:
        """When several permits are there again, so that one transaction serves them; None: at any time.

        `returning` units are about to be given back.
        """
        due = None if self.rate is None else self._due(connection)
        if due is None:
            return None
        return due - returning * self._interval - (self._burst - (self.largest - 1) * self._interval) / 2

    def slots(self, connection: Connection, now: datetime, after: datetime | None) -> Iterator[datetime]:
        """Without end, the moments at which messages that get no permit now are worth a claim, later than `after`."""
        slot = max((self._due(connection) or now) - self._burst, now, after or now)
        while True:
            slot += self._interval
            yield slot

    def _due(self, connection: Connection) -> datetime | None:
        spoken = self._spoken(connection)
        return None if spoken is None else spoken.until

    def _spoken(self, connection: Connection) -> Spoken | None:
        found = select(PACE.c.due_at, PACE.c.given_back).where(PACE.c.account == self.account)
        row = connection.execute(found).one_or_none()
        return None if row is None else Spoken(row.due_at, row.given_back * _MICROSECOND)

    def _keep(self, connection: Connection, spoken: Spoken) -> None:
        given_back = spoken.given_back // _MICROSECOND
        connection.execute(delete(PACE).where(PACE.c.account == self.account))
        connection.execute(insert(PACE).values(account=self.account, due_at=spoken.until, given_back=given_back))

    @property
    def _burst(self) -> timedelta:
        return timedelta() if self.rate is None else max(_short(self.rate), (self.largest - 1) * self._interval)

    @property
    def _interval(self) -> timedelta:
        """The time that one unit takes, in whole microseconds, rounded up."""
        if self.rate is None:
            return timedelta()
        times = -(self.largest // -self.rate.messages)
        units, span = self.rate.messages * times, self.rate.per * times
        return max(-((span + _short(self.rate)) // -units), -(span // -(units - self.largest + 1)))


def _short(rate: Rate) -> timedelta:
    """What may be made up for at any rate."""
    return min(rate.per / 20, _LONGEST_BURST)


def run_pace(job: Job) -> Pace:
    """The pace of a run, of all its channels: where one of them is SMS, e-mails count beside segments as one each."""
    texts = Channel.SMS in job.campaign.channels
    largest = job.settings.channels.sms.max_segments if texts else 1
    return Pace(job.run.run_id, job.campaign.limits.rate, largest)


def account_pace(settings: Settings, channel: Channel) -> Pace:
    """The pace of the account with a channel's provider, which campaigns, codes and confirmations share."""
    match channel:
        case Channel.EMAIL:
            return Pace(f"email {settings.channels.email.provider}", settings.channels.email.rate)
        case Channel.SMS:
            sms = settings.channels.sms
            return Pace(f"sms {sms.provider}", sms.rate, sms.max_segments)
        case Channel.POST | Channel.PHONE:  # handed over together
            return Pace(channel.value, None)
