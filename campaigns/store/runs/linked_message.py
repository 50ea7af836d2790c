"""Messages of a member with their runs: the one that a link leads back to, and the latest ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from campaigns.core.model.enums import Channel, Purpose
from campaigns.store.runs import deliveries
from campaigns.store.runs.run_tables import DELIVERY, RUN
from campaigns.store.runs.states import DeliveryState


@dataclass(frozen=True, slots=True)
class PlannedMessage:
    """Message planned for a member, with the evidence that its run stores (see `planning.evidence`)."""

    run_number: int
    position: int
    member_id: str
    campaign: str
    purpose: Purpose
    newsletter: str | None
    partner: str | None
    channel: Channel
    variant: str | None
    used_basket: bool
    due_at: datetime
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MessageOutcome:
    """Message and the state of its delivery."""

    message: PlannedMessage
    state: DeliveryState


_COLUMNS: Final = (
    DELIVERY.c.run_number,
    DELIVERY.c.position,
    DELIVERY.c.member_id,
    RUN.c.campaign,
    RUN.c.purpose,
    RUN.c.newsletter,
    RUN.c.partner,
    DELIVERY.c.channel,
    DELIVERY.c.variant,
    DELIVERY.c.used_basket,
    RUN.c.due_at,
    RUN.c.evidence,
)


def find_message(connection: Connection, run_number: int, position: int) -> PlannedMessage | None:
    """Return the message at a position, or None. After a run is planned again its earlier positions are void."""
    query = (
        select(*_COLUMNS)
        .join_from(DELIVERY, RUN, RUN.c.number == DELIVERY.c.run_number)
        .where(DELIVERY.c.run_number == run_number, DELIVERY.c.position == position, RUN.c.planned_at.is_not(None))
    )
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _message(dict(row))


def latest_messages(connection: Connection, member_id: str, limit: int) -> Sequence[MessageOutcome]:
    """Return the latest messages of a member, newest first, with the state of each; messages not yet due included."""
    query = (
        select(*_COLUMNS, DELIVERY.c.state)
        .join_from(DELIVERY, RUN, RUN.c.number == DELIVERY.c.run_number)
        .where(deliveries.for_members([member_id]), RUN.c.planned_at.is_not(None))
        .order_by(RUN.c.due_at.desc(), DELIVERY.c.run_number.desc(), DELIVERY.c.position)
        .limit(limit)
    )
    rows = connection.execute(query).mappings().all()
    return [
        MessageOutcome(_message({column.name: row[column.name] for column in _COLUMNS}), DeliveryState(row["state"]))
        for row in rows
    ]


def _message(row: Mapping[str, Any]) -> PlannedMessage:
    return PlannedMessage(**{**row, "purpose": Purpose(row["purpose"]), "channel": Channel(row["channel"])})
