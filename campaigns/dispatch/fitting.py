"""Whether a plan can go at all: what its rates take, against the hours in which it may be sent (A-15, TW-12)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from operator import attrgetter
from typing import Final

from campaigns.clock import local_day
from campaigns.dispatch.job import Job
from campaigns.dispatch.load import Load, Waiting
from campaigns.dispatch.rate import Pace, account_pace, run_pace
from campaigns.errors import Place, Problem
from campaigns.spec.campaign import Rate
from campaigns.spec.settings import Settings
from campaigns.spec.words import Channel

_ONE_BY_ONE: Final = (Channel.EMAIL, Channel.SMS)  # letters and calls are handed over together, at no rate


@dataclass(frozen=True, slots=True)
class Window:
    """The hours from the start of a run to its `send_by`."""

    job: Job
    opens: datetime
    ends: datetime

    def open_for(self, channel: Channel) -> timedelta:
        """For how long a channel may speak. Quiet hours that cancel end it: what waits then is withdrawn."""
        return sum((until - since for since, until in self._stretches(channel)), timedelta())

    def days_for(self, channel: Channel) -> Iterator[tuple[datetime, datetime]]:
        """The stretches in which a channel may speak, each within one day of the workspace."""
        zone = self.job.settings.zone
        for since, until in self._stretches(channel):
            at = since
            while at < until:
                tomorrow = local_day(at, zone) + timedelta(days=1)
                ends = min(until, datetime.combine(tomorrow, time.min, zone).astimezone(UTC))
                yield at, ends
                at = ends

    def _stretches(self, channel: Channel) -> Iterator[tuple[datetime, datetime]]:
        at, quiet = self.opens, self.job.campaign.quiet_hours.get(channel)
        while at < self.ends:
            if quiet is not None and self.job.is_quiet(channel, at):
                if quiet.action == "cancel":
                    return
                at = self.job.quiet_until(channel, at)
                continue
            silent = self.job.quiet_from(channel, at)
            until = self.ends if silent is None else min(silent, self.ends)
            yield at, until
            at = until


@dataclass(frozen=True, slots=True)
class _Demand:
    """What a pace has to let through, in words and in its units, while it may; `name` is where its rate is set.

    `beside` are the units of other runs that have to go through meanwhile, too.
    """

    what: str
    units: int
    pace: Pace
    name: str
    there: timedelta
    beside: int = 0

    @property
    def needs(self) -> timedelta:
        """How long all of it takes."""
        return self.pace.time_for(self.units + self.beside)


def held_back(settings: Settings, sends: Mapping[Channel, int]) -> list[Channel]:
    """Those channels of a plan's sends whose accounts take only so much, whoever sends."""
    growing = settings.channels.email.warm_up is not None
    return [
        channel
        for channel in _ONE_BY_ONE
        if sends.get(channel)
        and (account_pace(settings, channel).rate is not None or (growing and channel is Channel.EMAIL))
    ]


def cannot_fit(window: Window, load: Load) -> Problem | None:
    """Why a plan of this load cannot go in its window; None where it can, or where no rate holds it.

    Of what other runs want of the same account, that counts which could not go after the window either: a plan is
    refused when something would be left behind in whatever order all of it went.
    """
    too_much = (each for each in _demands(window, load) if each.needs > each.there)
    found = next(too_much, None)
    return _problem(window, found) if found is not None else _outgrows(window, load)


def _demands(window: Window, load: Load) -> Iterator[_Demand]:
    settings, of_run = window.job.settings, run_pace(window.job)
    units = {
        channel: load.segments if channel is Channel.SMS else load.sends[channel]
        for channel in _ONE_BY_ONE
        if load.sends.get(channel)
    }
    for channel, wanted in units.items():
        there, what = window.open_for(channel), f"{load.sends[channel]} messages by {channel}"
        if channel is Channel.SMS:
            what += f" of {wanted} segments"
        yield _Demand(what, wanted, of_run, "limits.rate", there)
        account = account_pace(settings, channel)
        beside = _beside(window, load.beside, channel, account)
        yield _Demand(what, wanted, account, f"channels.{channel}.rate", there, beside)
    everything = f"{sum(load.sends[channel] for channel in units)} messages"
    yield _Demand(everything, sum(units.values()), of_run, "limits.rate", window.ends - window.opens)
    for domain, wanted in load.domains.items():
        pace, there = Pace(domain, settings.channels.email.domains[domain]), window.open_for(Channel.EMAIL)
        yield _Demand(f"{wanted} messages to {domain}", wanted, pace, "channels.email.domains", there)


def _beside(window: Window, others: Sequence[Waiting], channel: Channel, pace: Pace) -> int:
    """How many units of other runs an account has to let through in a window.

    All of those that end with it; of one that ends later, what the time after the window does not take, however
    silent its hours are. Nothing of them where there is no rate.
    """
    if pace.rate is None:
        return 0
    until_then = most = 0
    for each in sorted(others, key=attrgetter("ends")):
        until_then += each.units.get(channel, 0)
        after = max(each.ends - window.ends, timedelta()) // pace.time_for(1)
        most = max(most, until_then - after)
    return most


def _outgrows(window: Window, load: Load) -> Problem | None:
    """Why e-mails are more than the days of a growing sender take in the window; None where they are not."""
    growing, zone = window.job.settings.channels.email.warm_up, window.job.settings.zone
    messages = load.sends.get(Channel.EMAIL, 0)
    beside = sum(each.units.get(Channel.EMAIL, 0) for each in load.beside if each.ends <= window.ends)
    if growing is None or not messages:
        return None
    taken = 0
    for since, until in window.days_for(Channel.EMAIL):
        rate = growing.rate_on(local_day(since, zone))
        if rate is None:
            return None
        taken += (until - since) // Pace("", rate).time_for(1)
    if messages + beside <= taken:
        return None
    what = f"{messages} messages by email{_and_others(beside)}"
    message = f"{what} are more than the {taken} that the warm-up lets go until {_end(window)}"
    hint = "raise `channels.email.warm_up`, lengthen `schedule.send_by`, or narrow the audience"
    return Problem(Place(window.job.run.run_id), message, "cannot_fit", hint)


def _problem(window: Window, demand: _Demand) -> Problem:
    rate, what = demand.pace.rate or Rate(0, timedelta()), f"{demand.what}{_and_others(demand.beside)}"
    message = (
        f"{what} need {_hours(demand.needs)} at {rate.messages} per {_span(rate.per)}, "
        f"and until {_end(window)} there are {_hours(demand.there)} outside quiet hours"
    )
    hint = f"raise `{demand.name}`, lengthen `schedule.send_by`, shorten `quiet_hours`, or narrow the audience"
    return Problem(Place(window.job.run.run_id), message, "cannot_fit", hint)


def _and_others(beside: int) -> str:
    return f" and {beside} of other runs that have to go meanwhile" if beside else ""


def _end(window: Window) -> str:
    return f"{window.ends.astimezone(window.job.campaign.schedule.zone):%Y-%m-%d %H:%M}"


def _hours(span: timedelta) -> str:
    minutes = -(span // -timedelta(minutes=1))
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _span(per: timedelta) -> str:
    return {1: "second", 60: "minute", 3600: "hour", 86_400: "day"}.get(int(per.total_seconds()), str(per))
