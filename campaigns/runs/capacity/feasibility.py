"""Feasibility of a plan: the time its rate limits require against the hours in which it may be sent (A-15, TW-12)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from operator import attrgetter
from typing import Final

from campaigns.core.clock import local_day
from campaigns.core.errors import FilePosition, Problem
from campaigns.core.model.campaign import SendRate
from campaigns.core.model.enums import Channel
from campaigns.core.model.settings import Settings
from campaigns.runs.capacity.workload import RunBacklog, Workload
from campaigns.runs.composing.run_context import RunContext
from campaigns.runs.dispatch.rate_limit import RateLimiter, account_limiter, run_limiter

_SINGLE_MESSAGE_CHANNELS: Final = (Channel.EMAIL, Channel.SMS)
"""Letters and calls are handed over in bundles, without a rate limit."""


@dataclass(frozen=True, slots=True)
class SendWindow:
    """Send window of a run, from its start to its `send_by`."""

    run_context: RunContext
    opens_at: datetime
    ends_at: datetime

    def open_time(self, channel: Channel) -> timedelta:
        """Return how long a channel may send. Quiet hours that cancel end it: pending deliveries are withdrawn then."""
        return sum((until - since for since, until in self._open_intervals(channel)), timedelta())

    def daily_intervals(self, channel: Channel) -> Iterator[tuple[datetime, datetime]]:
        """Yield the intervals in which a channel may send, each within one day of the workspace."""
        zone = self.run_context.settings.zone
        for since, until in self._open_intervals(channel):
            start = since
            while start < until:
                tomorrow = local_day(start, zone) + timedelta(days=1)
                ends = min(until, datetime.combine(tomorrow, time.min, zone).astimezone(UTC))
                yield start, ends
                start = ends

    def _open_intervals(self, channel: Channel) -> Iterator[tuple[datetime, datetime]]:
        start, quiet = self.opens_at, self.run_context.campaign.quiet_hours.get(channel)
        while start < self.ends_at:
            if quiet is not None and self.run_context.is_quiet(channel, start):
                if quiet.action == "cancel":
                    return
                start = self.run_context.quiet_hours_end(channel, start)
                continue
            quiet_start = self.run_context.next_quiet_hours_start(channel, start)
            until = self.ends_at if quiet_start is None else min(quiet_start, self.ends_at)
            yield start, until
            start = until


@dataclass(frozen=True, slots=True)
class _Demand:
    """Units that one rate limit has to let through in the available time; `setting` names its rate in the settings.

    `competing` units of other runs share the limit.
    """

    description: str
    units: int
    limiter: RateLimiter
    setting: str
    available: timedelta
    competing: int = 0

    @property
    def needs(self) -> timedelta:
        """Return the time that all units need."""
        return self.limiter.duration(self.units + self.competing)


def rate_limited_channels(settings: Settings, sends: Mapping[Channel, int]) -> list[Channel]:
    """Return the channels of a plan whose provider accounts have a rate limit."""
    has_warm_up = settings.channels.email.warm_up is not None
    return [
        channel
        for channel in _SINGLE_MESSAGE_CHANNELS
        if sends.get(channel)
        and (account_limiter(settings, channel).rate is not None or (has_warm_up and channel is Channel.EMAIL))
    ]


def capacity_problem(window: SendWindow, workload: Workload) -> Problem | None:
    """Return why a plan of this workload cannot be sent in its window, or None.

    Units of other runs on the same account count if they cannot be sent after the window: a plan is refused only if
    some messages would be left over in any order of sending.
    """
    shortages = (demand for demand in _demands(window, workload) if demand.needs > demand.available)
    shortage = next(shortages, None)
    return _capacity_problem(window, shortage) if shortage is not None else _warm_up_problem(window, workload)


def _demands(window: SendWindow, load: Workload) -> Iterator[_Demand]:
    settings, campaign_limit = window.run_context.settings, run_limiter(window.run_context)
    units = {
        channel: load.segments if channel is Channel.SMS else load.sends[channel]
        for channel in _SINGLE_MESSAGE_CHANNELS
        if load.sends.get(channel)
    }
    for channel, units_wanted in units.items():
        available, description = window.open_time(channel), f"{load.sends[channel]} messages by {channel}"
        if channel is Channel.SMS:
            description += f" of {units_wanted} segments"
        yield _Demand(description, units_wanted, campaign_limit, "limits.rate", available)
        account_limit = account_limiter(settings, channel)
        competing = _competing_units(window, load.other_backlogs, channel, account_limit)
        yield _Demand(description, units_wanted, account_limit, f"channels.{channel}.rate", available, competing)
    total_text = f"{sum(load.sends[channel] for channel in units)} messages"
    yield _Demand(total_text, sum(units.values()), campaign_limit, "limits.rate", window.ends_at - window.opens_at)
    for domain, units_wanted in load.domains.items():
        limiter, available = (
            RateLimiter(domain, settings.channels.email.domains[domain]),
            window.open_time(Channel.EMAIL),
        )
        yield _Demand(
            f"{units_wanted} messages to {domain}", units_wanted, limiter, "channels.email.domains", available
        )


def _competing_units(window: SendWindow, backlogs: Sequence[RunBacklog], channel: Channel, limiter: RateLimiter) -> int:
    """Return how many units of other runs an account has to let through in a window.

    A run that ends within the window counts in full; of a run that ends later, the units count that do not fit into
    the time after the window, ignoring quiet hours. Without a rate limit the result is 0.
    """
    if limiter.rate is None:
        return 0
    total = needed = 0
    for backlog in sorted(backlogs, key=attrgetter("ends_at")):
        total += backlog.units.get(channel, 0)
        later_units = max(backlog.ends_at - window.ends_at, timedelta()) // limiter.duration(1)
        needed = max(needed, total - later_units)
    return needed


def _warm_up_problem(window: SendWindow, load: Workload) -> Problem | None:
    """Return a problem if the warm-up rate is too low for the e-mails in the window, else None."""
    warm_up, zone = window.run_context.settings.channels.email.warm_up, window.run_context.settings.zone
    messages = load.sends.get(Channel.EMAIL, 0)
    competing = sum(run.units.get(Channel.EMAIL, 0) for run in load.other_backlogs if run.ends_at <= window.ends_at)
    if warm_up is None or not messages:
        return None
    capacity = 0
    for since, until in window.daily_intervals(Channel.EMAIL):
        rate = warm_up.rate_on(local_day(since, zone))
        if rate is None:
            return None
        capacity += (until - since) // RateLimiter("", rate).duration(1)
    if messages + competing <= capacity:
        return None
    description = f"{messages} messages by email{_competing_text(competing)}"
    message = f"{description} are more than the {capacity} that the warm-up lets go until {_end_text(window)}"
    hint = "raise `channels.email.warm_up`, lengthen `schedule.send_by`, or narrow the audience"
    return Problem(FilePosition(window.run_context.run.run_id), message, "cannot_fit", hint)


def _capacity_problem(window: SendWindow, demand: _Demand) -> Problem:
    rate, description = (
        demand.limiter.rate or SendRate(0, timedelta()),
        f"{demand.description}{_competing_text(demand.competing)}",
    )
    message = (
        f"{description} need {_hours_text(demand.needs)} at {rate.messages} per {_span_text(rate.per)}, "
        f"and until {_end_text(window)} there are {_hours_text(demand.available)} outside quiet hours"
    )
    hint = f"raise `{demand.setting}`, lengthen `schedule.send_by`, shorten `quiet_hours`, or narrow the audience"
    return Problem(FilePosition(window.run_context.run.run_id), message, "cannot_fit", hint)


def _competing_text(units: int) -> str:
    return f" and {units} of other runs that have to go meanwhile" if units else ""


def _end_text(window: SendWindow) -> str:
    return f"{window.ends_at.astimezone(window.run_context.campaign.schedule.zone):%Y-%m-%d %H:%M}"


def _hours_text(span: timedelta) -> str:
    minutes = -(span // -timedelta(minutes=1))
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _span_text(per: timedelta) -> str:
    return {1: "second", 60: "minute", 3600: "hour", 86_400: "day"}.get(int(per.total_seconds()), str(per))
