"""What a plan will ask of the accounts and domains that it goes through, before anything of it is claimed."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import Final

from sqlalchemy import Connection, Integer, RowMapping, Select, cast, func, select

from audiences.tables import CONTACT
from campaigns.dispatch.job import Job
from campaigns.dispatch.pens import SmsPen
from campaigns.rendering.environment import TemplateError
from campaigns.spec.words import Channel, Language
from campaigns.store import runs
from campaigns.store.deliveries import in_state
from campaigns.store.tables import DELIVERY, Run
from campaigns.store.words import DeliveryState, RunState

_SPOTS: Final = 8
_AT_A_SPOT: Final = 25
"""The messages that are measured lie together: what is frozen about members is read a row group at a time."""


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
    segments = ceil(texts * _mean_segments(connection, job, pen())) if texts and limited else texts
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
        units[Channel.SMS] = ceil(units[Channel.SMS] * _mean_segments(connection, job, pen()))
    return Waiting(job.send_by, units)


def _mean_segments(connection: Connection, job: Job, pen: SmsPen) -> float:
    """How many segments a text message takes, by some that lie spread over the plan and are written for their readers.

    What cannot be written or is too long will be refused, and takes none.
    """
    most = job.settings.channels.sms.max_segments
    measured = {row["position"]: _segments(pen, row) for row in _some(connection, job)}
    return sum(units for units in measured.values() if units <= most) / max(len(measured), 1)


def _segments(pen: SmsPen, row: RowMapping) -> int:
    template = pen.templates[row["variant"], Language(row["language"])]
    try:
        return template.render(pen.contexts.of(row, row["position"], row["arm"])).segments
    except TemplateError:
        return 0


def _some(connection: Connection, job: Job) -> Iterator[RowMapping]:
    last = connection.execute(_texts(job).with_only_columns(func.max(DELIVERY.c.position))).scalar_one() or 0
    for spot in range(_SPOTS):
        since = DELIVERY.c.position > last * spot // _SPOTS
        found = _texts(job).where(since).order_by(DELIVERY.c.position).limit(_AT_A_SPOT)
        yield from connection.execute(found).mappings()


def _texts(job: Job) -> Select[tuple[object, ...]]:
    """The planned text messages to members whom we know."""
    return (
        select(DELIVERY.c.position, DELIVERY.c.variant, DELIVERY.c.arm, *CONTACT.c)
        .join_from(DELIVERY, CONTACT, CONTACT.c.member_id == DELIVERY.c.member_id)
        .where(DELIVERY.c.run_number == job.number, DELIVERY.c.channel == Channel.SMS)
    )


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
