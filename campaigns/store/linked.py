"""What a link in a message leads back to: the delivery, and its run."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from campaigns.spec.words import Channel, Purpose
from campaigns.store.tables import DELIVERY, RUN


@dataclass(frozen=True, slots=True)
class Linked:
    """A message that was planned for a member, with the evidence that its run kept (see `planning.evidence`)."""

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


def linked(connection: Connection, run_number: int, position: int) -> Linked | None:
    """The message of a position, or None: of a run that was planned anew the positions of before mean nothing."""
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
    words = {"purpose": Purpose(row["purpose"]), "channel": Channel(row["channel"])}
    return Linked(run_number, position, **{**row, **words})
