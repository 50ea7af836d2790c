"""Messages of a member with their runs: the one that a link leads back to, and the latest ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, and_, select

from campaigns.core.model.enums import Channel, Purpose
from campaigns.core.model.offer_reason import ChosenOffer, parse_chosen_offers
from campaigns.store.runs import deliveries
from campaigns.store.runs.run_tables import DECISION, DELIVERY, RUN
from campaigns.store.runs.states import DeliveryState


@dataclass(frozen=True, slots=True)
class PlannedMessage:
    """Message planned for a member, with its offers and the evidence that its run stores (see `planning.evidence`)."""

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
    offers: tuple[ChosenOffer, ...] = ()


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
_WITH_OFFERS: Final = (*_COLUMNS, DECISION.c.offers, RUN.c.counts)
_JOINED: Final = DELIVERY.join(RUN, RUN.c.number == DELIVERY.c.run_number).outerjoin(
    DECISION, and_(DECISION.c.run_number == DELIVERY.c.run_number, DECISION.c.member_id == DELIVERY.c.member_id)
)


def find_message(connection: Connection, run_number: int, position: int) -> PlannedMessage | None:
    """Return the message at a position, or None. After a run is planned again its earlier positions are void."""
    query = (
        select(*_WITH_OFFERS)
        .select_from(_JOINED)
        .where(DELIVERY.c.run_number == run_number, DELIVERY.c.position == position, RUN.c.planned_at.is_not(None))
    )
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _message(dict(row))


def latest_messages(connection: Connection, member_id: str, limit: int) -> Sequence[MessageOutcome]:
    """Return the latest messages of a member, newest first, with the state of each; messages not yet due included."""
    query = (
        select(*_WITH_OFFERS, DELIVERY.c.state)
        .select_from(_JOINED)
        .where(deliveries.for_members([member_id]), RUN.c.planned_at.is_not(None))
        .order_by(RUN.c.due_at.desc(), DELIVERY.c.run_number.desc(), DELIVERY.c.position)
        .limit(limit)
    )
    rows = connection.execute(query).mappings().all()
    return [MessageOutcome(_message(dict(row)), DeliveryState(row["state"])) for row in rows]


def _message(row: Mapping[str, Any]) -> PlannedMessage:
    values = {column.name: row[column.name] for column in _COLUMNS}
    offers = parse_chosen_offers(row["offers"], (row["counts"] or {}).get("offer_ids", ()))
    enums = {"purpose": Purpose(row["purpose"]), "channel": Channel(row["channel"])}
    return PlannedMessage(**values | enums, offers=offers)
