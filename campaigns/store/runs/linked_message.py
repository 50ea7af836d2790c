"""Message that a link leads back to: a delivery with its run."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from campaigns.core.model.enums import Channel, Purpose
from campaigns.store.runs.run_tables import DELIVERY, RUN


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


def find_message(connection: Connection, run_number: int, position: int) -> PlannedMessage | None:
    """Return the message at a position, or None. After a run is planned again its earlier positions are void."""
    query = (
        select(
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
        .join_from(DELIVERY, RUN, RUN.c.number == DELIVERY.c.run_number)
        .where(DELIVERY.c.run_number == run_number, DELIVERY.c.position == position, RUN.c.planned_at.is_not(None))
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    enums = {"purpose": Purpose(row["purpose"]), "channel": Channel(row["channel"])}
    return PlannedMessage(run_number, position, **{**row, **enums})
