"""What a plan will ask of the accounts and domains that it goes through, before anything of it is claimed."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Integer, cast, func, select

from audiences.tables import CONTACT
from campaigns.core.model.enums import Channel
from campaigns.runs.capacity.sms_segments import lengths_of
from campaigns.runs.composing.message_composers import SmsPen
from campaigns.runs.composing.run_context import Job
from campaigns.store.runs import runs
from campaigns.store.runs.deliveries import in_state
from campaigns.store.runs.run_tables import DELIVERY, Run
from campaigns.store.runs.states import DeliveryState, RunState


@dataclass(frozen=True, slots=True)
class Waiting:
    """What another run has to send through each account until its own end; text messages by their segments."""

    ends: datetime
    units: Mapping[Channel, int]


@dataclass(frozen=True, slots=True)
class Load:
    """Planned sends by channel, the segments of the text messages among them, and e-mails by domains with a rate.

    `beside` is what other runs want meanwhile of the same accounts.
    """

    sends: Mapping[Channel, int]
    segments: int = 0
    domains: Mapping[str, int] = field(default_factory=dict)
    beside: Sequence[Waiting] = ()


def load_of(connection: Connection, job: Job, sends: Mapping[Channel, int], pen: Callable[[], SmsPen]) -> Load:
    """The load of a plan. `pen` is asked for only when there are text messages whose segments matter."""
    texts = sends.get(Channel.SMS, 0)
    limited = job.campaign.limits.rate or job.settings.channels.sms.rate
    segments = lengths_of(connection, job, pen(), texts).segments if texts and limited else texts
    return Load(sends, segments, _by_domain(connection, job))


def coming(connection: Connection, number: int, ends: datetime) -> list[Run]:
    """The runs beside run `number` that send, or will by themselves begin to before a moment.

    Of one that is paused, or was planned by hand, nobody knows whether it goes.
    """
    return [
        run
        for run in runs.in_state(connection, RunState.SENDING, RunState.PLANNED)
        if run.number != number and (run.state == RunState.SENDING or (run.scheduled and run.due_at < ends))
    ]


def waiting_of(connection: Connection, job: Job, channels: Collection[Channel], pen: Callable[[], SmsPen]) -> Waiting:
    """What waits of a run in some channels, and until when. `pen` is asked for only when text messages wait."""
    of_run = in_state(select(DELIVERY.c.channel, func.count()), DeliveryState.PENDING).where(
        DELIVERY.c.run_number == job.number, DELIVERY.c.channel.in_(channels)
    )
    units = {Channel(channel): number for channel, number in connection.execute(of_run.group_by(DELIVERY.c.channel))}
    if Channel.SMS in units:
        units[Channel.SMS] = lengths_of(connection, job, pen(), units[Channel.SMS]).segments
    return Waiting(job.send_by, units)


def _by_domain(connection: Connection, job: Job) -> Mapping[str, int]:
    """How many planned e-mails go to each of the domains that take only so many."""
    domains = sorted(job.settings.channels.email.domains)
    if not domains:
        return {}
    address = func.lower(CONTACT.c.email)
    counts = [func.sum(cast(address.endswith(f"@{domain}", autoescape=True), Integer)) for domain in domains]
    counted = (
        select(*counts)
        .join_from(DELIVERY, CONTACT, CONTACT.c.member_id == DELIVERY.c.member_id)
        .where(DELIVERY.c.run_number == job.number, DELIVERY.c.channel == Channel.EMAIL)
    )
    return dict(zip(domains, (count or 0 for count in connection.execute(counted).one()), strict=True))
