"""Tasks to tell processors that a member's right was carried out: recipients of the data, and their answers."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, insert, not_, select, update

from campaigns.core.errors import UserError
from campaigns.core.model.enums import Channel
from campaigns.core.model.privacy_rights import ProcessorAnswer, RequestKind
from campaigns.core.model.reasons import EndReason
from campaigns.store.people.people_tables import NOTICE, PROCESSOR_TASK, ProcessorTask
from campaigns.store.runs.deliveries import is_claimed
from campaigns.store.runs.run_tables import DELIVERY, RUN
from campaigns.store.runs.states import DeliveryState

Processor = tuple[Channel, str]
"""Channel, and the provider that sends for it."""

ProcessorMessageRow = tuple[str, int, int, str | None]
"""Message that a processor has: run id, run number, position, and the provider's own name of the message."""

_HANDED_OVER: Final = (
    DeliveryState.SENDING, DeliveryState.ACCEPTED, DeliveryState.REFUSED, DeliveryState.UNCERTAIN
)  # fmt: skip
_NOTICE_CHANNELS: Final = (Channel.EMAIL, Channel.SMS)


def find_recipients(connection: Connection, member_id: str) -> frozenset[tuple[Channel, str | None]]:
    """Return the recipients of a member's data; None for a provider that the ledger does not name."""
    by_deliveries = select(DELIVERY.c.channel, DELIVERY.c.provider).where(*_of(member_id)).distinct()
    recipients = {(Channel(channel), provider) for channel, provider in connection.execute(by_deliveries)}
    was_sent = NOTICE.c.state.in_(_HANDED_OVER) & (
        NOTICE.c.reason.is_(None) | (NOTICE.c.reason != EndReason.TEMPLATE_ERROR)
    )
    by_notices = select(NOTICE.c.channel).where(NOTICE.c.member_id == member_id, was_sent).distinct()
    for channel in connection.execute(by_notices).scalars():
        recipients |= {(sent_by, None) for sent_by in (_NOTICE_CHANNELS if channel is None else (Channel(channel),))}
    return frozenset(recipients)


def create(
    connection: Connection,
    member_id: str,
    kind: RequestKind,
    processors: Iterable[Processor],
    now: datetime,
    due_on: date,
) -> None:
    """Create a task for each processor. An open task of the same kind is kept instead, except for a correction."""
    open_tasks = select(PROCESSOR_TASK.c.channel, PROCESSOR_TASK.c.provider).where(
        PROCESSOR_TASK.c.member_id == member_id, PROCESSOR_TASK.c.kind == kind, PROCESSOR_TASK.c.closed_at.is_(None)
    )
    already_open = {(Channel(channel), provider) for channel, provider in connection.execute(open_tasks)}
    wanted = processors if kind is RequestKind.CORRECT else set(processors) - already_open
    shared = {"member_id": member_id, "kind": kind.value, "filed_at": now, "due_on": due_on}
    rows = [{**shared, "channel": channel.value, "provider": provider} for channel, provider in sorted(wanted)]
    if rows:
        connection.execute(insert(PROCESSOR_TASK), rows)


def list_open(connection: Connection) -> Sequence[ProcessorTask]:
    """Return the open tasks, most urgent first."""
    query = select(PROCESSOR_TASK).where(PROCESSOR_TASK.c.closed_at.is_(None))
    rows = connection.execute(query.order_by(PROCESSOR_TASK.c.due_on, PROCESSOR_TASK.c.number)).mappings()
    return [ProcessorTask(**row) for row in rows]


def messages_of_task(connection: Connection, task: ProcessorTask) -> Sequence[ProcessorMessageRow]:
    """Return the messages of the member that the processor of a task received, newest first."""
    of_processor = (
        DELIVERY.c.channel == task.channel,
        DELIVERY.c.provider.is_(None) | (DELIVERY.c.provider == task.provider),
    )
    query = select(RUN.c.run_id, DELIVERY.c.run_number, DELIVERY.c.position, DELIVERY.c.provider_ref)
    of_member = query.join_from(DELIVERY, RUN, RUN.c.number == DELIVERY.c.run_number).where(
        *_of(task.member_id), *of_processor
    )
    return [tuple(row) for row in connection.execute(of_member.order_by(DELIVERY.c.run_number.desc()))]


def close(connection: Connection, number: int, answer: ProcessorAnswer, by: str, now: datetime) -> ProcessorTask:
    """Store a processor's answer; raise UserError when there is no open task of this number."""
    closed = update(PROCESSOR_TASK).where(PROCESSOR_TASK.c.number == number, PROCESSOR_TASK.c.closed_at.is_(None))
    values = {"closed_at": now, "closed_by": by, "answer": answer.value}
    row = connection.execute(closed.values(**values).returning(*PROCESSOR_TASK.c)).mappings().one_or_none()
    if row is None:
        message = "there is no open task of this number"
        raise UserError.about(str(number), message, "unknown_task", "`viesti requests`")
    return ProcessorTask(**row)


def reassign(connection: Connection, member_id: str, other: str) -> None:
    """Move the tasks to another id: a pseudonym, or the member who stays of two."""
    connection.execute(update(PROCESSOR_TASK).where(PROCESSOR_TASK.c.member_id == member_id).values(member_id=other))


def _of(member_id: str) -> tuple[ColumnElement[bool], ...]:
    never_left = and_(DELIVERY.c.state == DeliveryState.REFUSED, DELIVERY.c.reason == EndReason.TEMPLATE_ERROR)
    return DELIVERY.c.member_id == member_id, is_claimed(), DELIVERY.c.state.in_(_HANDED_OVER), not_(never_left)
