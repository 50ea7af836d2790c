"""Whether a plan can go at all: what its rate takes, against the hours in which it may be sent (A-15, TW-12)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from campaigns.clock import local_day
from campaigns.dispatch.job import Job
from campaigns.dispatch.rate import Pace
from campaigns.errors import Place, Problem
from campaigns.spec.campaign import Rate
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


def needed(messages: int, rate: Rate, segments: int = 1) -> timedelta:
    """How long so many messages take at a rate, each of so many segments where the rate is one of segments."""
    return Pace("", rate).time_for(messages * segments)


def cannot_fit(window: Window, sends: Mapping[Channel, int]) -> Problem | None:
    """Why a plan of so many sends by channel cannot go in its window; None where it can, or where no rate holds it.

    What receiving domains take is not reckoned with: who is at which domain is known only at the claim.
    """
    counted = {channel: sends.get(channel, 0) for channel in _ONE_BY_ONE if sends.get(channel)}
    for channel, messages in counted.items():
        for rate in _rates(window, channel):
            there = window.open_for(channel)
            if needed(messages, rate) > there:
                return _problem(window, f"{messages} messages by {channel}", messages, rate, there)
    everything, whole = sum(counted.values()), window.ends - window.opens
    shared = window.job.campaign.limits.rate  # by all channels of a run
    if shared is not None and needed(everything, shared) > whole:
        return _problem(window, f"{everything} messages", everything, shared, whole)
    return None


def _rates(window: Window, channel: Channel) -> Iterator[Rate]:
    """The rates that hold a channel back; of a growing sender that of the last day, which is the highest."""
    job = window.job
    if job.campaign.limits.rate is not None:
        yield job.campaign.limits.rate
    growing = job.settings.channels.email.warm_up
    if channel is Channel.EMAIL and growing is not None:
        rate = growing.rate_on(local_day(window.ends, job.settings.zone))
        if rate is not None:
            yield rate


def _problem(window: Window, what: str, messages: int, rate: Rate, there: timedelta) -> Problem:
    ends = window.ends.astimezone(window.job.campaign.schedule.zone)
    message = (
        f"{what} need {_hours(needed(messages, rate))} at {rate.messages} per {_span(rate.per)}, and until "
        f"{ends:%Y-%m-%d %H:%M} there are {_hours(there)} outside quiet hours"
    )
    hint = "raise `limits.rate`, lengthen `schedule.send_by`, shorten `quiet_hours`, or narrow the audience"
    return Problem(Place(window.job.run.run_id), message, "cannot_fit", hint)


def _hours(span: timedelta) -> str:
    minutes = -(span // -timedelta(minutes=1))
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _span(per: timedelta) -> str:
    return {1: "second", 60: "minute", 3600: "hour", 86_400: "day"}.get(int(per.total_seconds()), str(per))
