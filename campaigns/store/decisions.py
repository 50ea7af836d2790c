"""Decisions and their deliveries: staged in chunks, counted, read back."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, literal, select

from campaigns.store.tables import DECISION, DELIVERY, RUN
from campaigns.store.words import DeliveryState

SEND = "send"
SKIP = "skip"


def stage(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store one chunk of a run's decisions, and a pending delivery for every send among them.

    Nothing shows before the run's header row does.
    """
    if not rows:
        return
    connection.execute(insert(DECISION), list(rows))
    first, last, run_number = rows[0]["position"], rows[-1]["position"], rows[0]["run_number"]
    sends = select(
        DECISION.c.run_number,
        DECISION.c.position,
        DECISION.c.member_id,
        DECISION.c.channel,
        literal(DeliveryState.PENDING.value),
    ).where(DECISION.c.run_number == run_number, DECISION.c.position.between(first, last), DECISION.c.kind == SEND)
    connection.execute(insert(DELIVERY).from_select(["run_number", "position", "member_id", "channel", "state"], sends))


def balance(connection: Connection, run_number: int) -> dict[str, int]:
    """How many deliveries of a run are in each state; the sum is the planned sends, always."""
    rows = connection.execute(
        select(DELIVERY.c.state, func.count()).where(DELIVERY.c.run_number == run_number).group_by(DELIVERY.c.state)
    )
    counted = dict(rows.tuples().all())
    return {state.value: counted.get(state.value, 0) for state in DeliveryState}


def outcomes(connection: Connection, run_number: int) -> list[tuple[str, str, str | None, int]]:
    """Deliveries by channel, state and reason."""
    grouped = (DELIVERY.c.channel, DELIVERY.c.state, DELIVERY.c.reason)
    rows = connection.execute(
        select(*grouped, func.count())
        .where(DELIVERY.c.run_number == run_number)
        .group_by(*grouped)
        .order_by(*grouped[:2])
    )
    return [(channel, state, reason, number) for channel, state, reason, number in rows]


def of_member(connection: Connection, member_id: str) -> list[Mapping[str, Any]]:
    """Every decision about a member with what became of it, newest run first."""
    joined = DECISION.join(RUN, RUN.c.number == DECISION.c.run_number).outerjoin(
        DELIVERY,
        (DELIVERY.c.run_number == DECISION.c.run_number) & (DELIVERY.c.position == DECISION.c.position),
    )
    rows = connection.execute(
        select(
            RUN.c.run_id,
            RUN.c.campaign,
            RUN.c.due_at,
            DECISION.c.kind,
            DECISION.c.reason,
            DECISION.c.variant,
            DECISION.c.channel,
            DELIVERY.c.state,
            DELIVERY.c.reason.label("end_reason"),
            DELIVERY.c.ended_at,
        )
        .select_from(joined)
        .where(DECISION.c.member_id == member_id, RUN.c.planned_at.is_not(None))
        .order_by(RUN.c.number.desc())
    )
    return [dict(row) for row in rows.mappings()]
