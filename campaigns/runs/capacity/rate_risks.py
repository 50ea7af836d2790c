"""Rates at risk: days on which more messages are expected than accounts let through in the hours for sending.

Estimated by quarters of an hour between due time and `send_by`, outside quiet hours; a text message
counts as one segment.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from campaigns.core.clock import local_day
from campaigns.core.model.campaign import SendRate
from campaigns.core.model.enums import BUNDLED_CHANNELS, Channel
from campaigns.core.model.settings import Settings
from campaigns.runs.capacity.expected_sends import ExpectedSend
from campaigns.runs.dispatch.lifecycle import claim_deadline
from campaigns.runs.dispatch.rate_limit import account_limiter

_STEP: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class RateRisk:
    """Messages of a day by one channel, of which only `capacity` can go; `limit` is the setting that limits them.

    `campaign` is None where several campaigns share the limit; `with_drafts` if only once drafts are published.
    """

    day: date
    limit: str
    campaign: str | None
    channel: Channel | None
    messages: int
    capacity: int
    with_drafts: bool


def rate_risks(sends: Iterable[ExpectedSend], settings: Settings, now: datetime) -> list[RateRisk]:
    """Return the limits at risk after `now`, by day: accounts, warm-up, and each campaign's `rate` and `max_sends`."""
    by_day: defaultdict[date, list[ExpectedSend]] = defaultdict(list)
    for each in sends:
        if each.state is None and each.due_at > now and each.campaign is not None and each.messages:
            by_day[local_day(each.due_at, settings.zone)].append(each)
    return [risk for day in sorted(by_day) for risk in _risks_of_day(day, by_day[day], settings)]


def _risks_of_day(day: date, sends: Sequence[ExpectedSend], settings: Settings) -> Iterator[RateRisk]:
    for channel in Channel:
        if channel not in BUNDLED_CHANNELS:
            for limit, rate in _account_rates(channel, day, settings).items():
                published = [each for each in sends if each.published]
                shortage = _shortage(published, channel, rate) or _shortage(sends, channel, rate)
                if shortage is not None:
                    messages, capacity, with_drafts = shortage
                    yield RateRisk(day, limit, None, channel, messages, capacity, with_drafts)
    for each in sends:
        yield from _risks_of_campaign(day, each)


def _account_rates(channel: Channel, day: date, settings: Settings) -> Mapping[str, SendRate]:
    """Return the rates of an account on a day, by the setting that names them."""
    rates = {f"channels.{channel}.rate": account_limiter(settings, channel).rate}
    warm_up = settings.channels.email.warm_up
    if channel is Channel.EMAIL and warm_up is not None:
        rates["channels.email.warm_up"] = warm_up.rate_on(day)
    return {name: rate for name, rate in rates.items() if rate is not None}


def _shortage(sends: Sequence[ExpectedSend], channel: Channel, rate: SendRate) -> tuple[int, int, bool] | None:
    """Return messages and capacity where the first are more; and whether drafts are among them."""
    by_channel = [each for each in sends if each.sends.get(channel)]
    messages = sum(each.sends[channel] for each in by_channel)
    open_time = len({step for each in by_channel for step in _open_steps(each, channel)}) * _STEP
    capacity = int(open_time / rate.per * rate.messages)
    if messages <= capacity:
        return None
    return messages, capacity, not all(each.published for each in by_channel)


def _risks_of_campaign(day: date, send: ExpectedSend) -> Iterator[RateRisk]:
    campaign, messages = send.campaign, send.messages or 0
    if campaign is None:
        return
    rate, name, is_draft = campaign.limits.rate, campaign.name, not send.published
    if rate is not None:
        steps = {
            step for channel in send.sends if channel not in BUNDLED_CHANNELS for step in _open_steps(send, channel)
        }
        limited = sum(number for channel, number in send.sends.items() if channel not in BUNDLED_CHANNELS)
        capacity = int(len(steps) * _STEP / rate.per * rate.messages)
        if limited > capacity:
            yield RateRisk(day, "limits.rate", name, None, limited, capacity, is_draft)
    if campaign.max_sends is not None and messages > campaign.max_sends:
        yield RateRisk(day, "max_sends", name, None, messages, campaign.max_sends, is_draft)


def _open_steps(send: ExpectedSend, channel: Channel) -> Iterator[datetime]:
    """Yield the quarters of an hour in which an occasion may send by a channel."""
    if send.campaign is None:
        return
    quiet, zone = send.campaign.quiet_hours.get(channel), send.campaign.schedule.zone
    ends_at = claim_deadline(send.campaign, send.due_at, send.due_at, scheduled=True)
    moment = send.due_at - (send.due_at - datetime.min.replace(tzinfo=send.due_at.tzinfo)) % _STEP
    while moment < ends_at:
        if quiet is None or not quiet.includes(moment.astimezone(zone).time()):
            yield moment
        elif quiet.action == "cancel":
            return
        moment += _STEP
