"""Workload of a plan on provider accounts and receiving domains, computed before any claim."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Integer, cast, func, select

from audiences.tables import CONTACT
from campaigns.core.model.enums import Channel
from campaigns.runs.capacity.sms_segments import measure_segments
from campaigns.runs.composing.message_composers import SmsComposer
from campaigns.runs.composing.run_context import RunContext
from campaigns.store.runs import runs
from campaigns.store.runs.deliveries import with_state
from campaigns.store.runs.run_tables import DELIVERY, Run
from campaigns.store.runs.states import DeliveryState, RunState


@dataclass(frozen=True, slots=True)
class RunBacklog:
    """Units that another run has yet to send through each account by its own end; text messages count in segments."""

    ends_at: datetime
    units: Mapping[Channel, int]


@dataclass(frozen=True, slots=True)
class Workload:
    """Planned sends by channel, segments of the text messages, and e-mails by rate-limited domain.

    `other_backlogs` holds the backlogs of other runs on the same accounts.
    """

    sends: Mapping[Channel, int]
    segments: int = 0
    domains: Mapping[str, int] = field(default_factory=dict)
    other_backlogs: Sequence[RunBacklog] = ()


def measure_workload(
    connection: Connection,
    run_context: RunContext,
    sends: Mapping[Channel, int],
    sms_composer: Callable[[], SmsComposer],
) -> Workload:
    """Return the workload of a plan; `sms_composer` is only called for text messages under a rate limit."""
    messages = sends.get(Channel.SMS, 0)
    is_limited = run_context.campaign.limits.rate or run_context.settings.channels.sms.rate
    segments = (
        measure_segments(connection, run_context, sms_composer(), messages).segments
        if messages and is_limited
        else messages
    )
    return Workload(sends, segments, _by_domain(connection, run_context))


def competing_runs(connection: Connection, number: int, ends: datetime) -> list[Run]:
    """Return the other runs that are sending, or are scheduled to begin before a moment.

    Paused runs and manual plans are left out: they may never be sent.
    """
    return [
        run
        for run in runs.with_state(connection, RunState.SENDING, RunState.PLANNED)
        if run.number != number and (run.state == RunState.SENDING or (run.scheduled and run.due_at < ends))
    ]


def measure_backlog(
    connection: Connection,
    run_context: RunContext,
    channels: Collection[Channel],
    sms_composer: Callable[[], SmsComposer],
) -> RunBacklog:
    """Return a run's pending units in some channels; `sms_composer` is only called if text messages are pending."""
    query = with_state(select(DELIVERY.c.channel, func.count()), DeliveryState.PENDING).where(
        DELIVERY.c.run_number == run_context.number, DELIVERY.c.channel.in_(channels)
    )
    units = {Channel(channel): number for channel, number in connection.execute(query.group_by(DELIVERY.c.channel))}
    if Channel.SMS in units:
        units[Channel.SMS] = measure_segments(connection, run_context, sms_composer(), units[Channel.SMS]).segments
    return RunBacklog(run_context.send_by, units)


def _by_domain(connection: Connection, run_context: RunContext) -> Mapping[str, int]:
    """Return the number of planned e-mails to each rate-limited domain."""
    domains = sorted(run_context.settings.channels.email.domains)
    if not domains:
        return {}
    address = func.lower(CONTACT.c.email)
    counts = [func.sum(cast(address.endswith(f"@{domain}", autoescape=True), Integer)) for domain in domains]
    query = (
        select(*counts)
        .join_from(DELIVERY, CONTACT, CONTACT.c.member_id == DELIVERY.c.member_id)
        .where(DELIVERY.c.run_number == run_context.number, DELIVERY.c.channel == Channel.EMAIL)
    )
    return dict(zip(domains, (count or 0 for count in connection.execute(query).one()), strict=True))
