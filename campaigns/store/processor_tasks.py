"""Processors to be told of a right, in the ledger: whom anything of a member's was handed to, and who has answered."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, insert, not_, select, update

from campaigns.errors import AuthorError
from campaigns.spec.reasons import EndReason
from campaigns.spec.requests import Answer, RequestKind
from campaigns.spec.words import Channel
from campaigns.store.deliveries import is_claimed
from campaigns.store.desk_tables import PROCESSOR_TASK, ProcessorTask
from campaigns.store.tables import DELIVERY, NOTE, RUN
from campaigns.store.words import DeliveryState

Processor = tuple[Channel, str]
"""A channel, and the provider that carries it."""

Message = tuple[str, int, int, str | None]
"""A message that a processor has: the run, its number, the position, and what the provider calls it."""

_HANDED_OVER: Final = (
    DeliveryState.SENDING, DeliveryState.ACCEPTED, DeliveryState.REFUSED, DeliveryState.UNCERTAIN
)  # fmt: skip
_NOTES_BY: Final = (Channel.EMAIL, Channel.SMS)


def handed_to(connection: Connection, member_id: str) -> frozenset[tuple[Channel, str | None]]:
    """Whom the ledger says anything of a member's was handed to; None for the provider of whom it was not told."""
    carried = select(DELIVERY.c.channel, DELIVERY.c.provider).where(*_of(member_id)).distinct()
    found = {(Channel(channel), provider) for channel, provider in connection.execute(carried)}
    told = NOTE.c.state.in_(_HANDED_OVER) & (NOTE.c.reason.is_(None) | (NOTE.c.reason != EndReason.TEMPLATE_ERROR))
    noted = select(NOTE.c.channel).where(NOTE.c.member_id == member_id, told).distinct()
    for channel in connection.execute(noted).scalars():
        found |= {(each, None) for each in (_NOTES_BY if channel is None else (Channel(channel),))}
    return frozenset(found)


def leave(
    connection: Connection,
    member_id: str,
    kind: RequestKind,
    processors: Iterable[Processor],
    now: datetime,
    due_on: date,
) -> None:
    """Leave a task for each processor; one that is still open stays the one, but of a correction."""
    open_ones = select(PROCESSOR_TASK.c.channel, PROCESSOR_TASK.c.provider).where(
        PROCESSOR_TASK.c.member_id == member_id, PROCESSOR_TASK.c.kind == kind, PROCESSOR_TASK.c.closed_at.is_(None)
    )
    known = {(Channel(channel), provider) for channel, provider in connection.execute(open_ones)}
    wanted = processors if kind is RequestKind.CORRECT else set(processors) - known
    shared = {"member_id": member_id, "kind": kind.value, "filed_at": now, "due_on": due_on}
    rows = [{**shared, "channel": channel.value, "provider": provider} for channel, provider in sorted(wanted)]
    if rows:
        connection.execute(insert(PROCESSOR_TASK), rows)


def waiting(connection: Connection) -> Sequence[ProcessorTask]:
    """The open tasks, the most urgent first."""
    query = select(PROCESSOR_TASK).where(PROCESSOR_TASK.c.closed_at.is_(None))
    found = connection.execute(query.order_by(PROCESSOR_TASK.c.due_on, PROCESSOR_TASK.c.number)).mappings()
    return [ProcessorTask(**row) for row in found]


def messages(connection: Connection, task: ProcessorTask) -> Sequence[Message]:
    """What the processor of a task was handed of the member, the newest first."""
    of_it = (DELIVERY.c.channel == task.channel, DELIVERY.c.provider.is_(None) | (DELIVERY.c.provider == task.provider))
    query = select(RUN.c.run_id, DELIVERY.c.run_number, DELIVERY.c.position, DELIVERY.c.provider_ref)
    mine = query.join_from(DELIVERY, RUN, RUN.c.number == DELIVERY.c.run_number).where(*_of(task.member_id), *of_it)
    return [tuple(row) for row in connection.execute(mine.order_by(DELIVERY.c.run_number.desc()))]


def close(connection: Connection, number: int, answer: Answer, by: str, now: datetime) -> ProcessorTask:
    """Keep what the processor answered; AuthorError when there is no open task of this number."""
    changed = update(PROCESSOR_TASK).where(PROCESSOR_TASK.c.number == number, PROCESSOR_TASK.c.closed_at.is_(None))
    values = {"closed_at": now, "closed_by": by, "answer": answer.value}
    row = connection.execute(changed.values(**values).returning(*PROCESSOR_TASK.c)).mappings().one_or_none()
    if row is None:
        message = "nobody waits to be told under this number"
        raise AuthorError.about(str(number), message, "unknown_task", "`viesti requests`")
    return ProcessorTask(**row)


def rename(connection: Connection, member_id: str, other: str) -> None:
    """Keep the tasks under another id: a pseudonym, or the member who stays of two."""
    connection.execute(update(PROCESSOR_TASK).where(PROCESSOR_TASK.c.member_id == member_id).values(member_id=other))


def _of(member_id: str) -> tuple[ColumnElement[bool], ...]:
    ours = and_(DELIVERY.c.state == DeliveryState.REFUSED, DELIVERY.c.reason == EndReason.TEMPLATE_ERROR)
    return DELIVERY.c.member_id == member_id, is_claimed(), DELIVERY.c.state.in_(_HANDED_OVER), not_(ours)
