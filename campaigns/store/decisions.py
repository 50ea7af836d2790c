"""Decisions and their deliveries, counted and read back."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select

from campaigns.store.tables import DECISION, DELIVERY, RUN
from campaigns.store.words import COUNTED, DeliveryState

SEND = "send"
SKIP = "skip"


def of(members: Collection[str]) -> ColumnElement[bool]:
    """Whether a decision is about one of these members: looked up run by run, as decisions are kept."""
    return and_(DECISION.c.run_number.in_(select(RUN.c.number)), DECISION.c.member_id.in_(members))


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of a run's sends: `rows` of channel, state, reason and number."""

    rows: tuple[tuple[str, str, str, int], ...]

    @property
    def by_state(self) -> dict[str, int]:
        """How many deliveries are in each state: the balance of section 7 of the design."""
        counted = dict.fromkeys(map(str, DeliveryState), 0)
        for _, state, _, number in self.rows:
            counted[state] += number
        return counted

    @property
    def planned(self) -> int:
        """How many sends were planned: the sum over all states, always."""
        return sum(number for *_, number in self.rows)


def outcomes(connection: Connection, run_number: int) -> Outcomes:
    """The deliveries of a run by channel, state and reason."""
    grouped = (DELIVERY.c.channel, DELIVERY.c.state, func.coalesce(DELIVERY.c.reason, ""))
    rows = connection.execute(
        select(*grouped, func.count()).where(DELIVERY.c.run_number == run_number).group_by(*grouped).order_by(*grouped)
    )
    return Outcomes(tuple((channel, state, reason, number) for channel, state, reason, number in rows))


def also_in(connection: Connection, run_number: int, others: Collection[int]) -> int:
    """How many of a run's sends are to members to whom one of the others sends too, or has sent."""
    heard = select(DELIVERY.c.member_id).where(DELIVERY.c.run_number.in_(others), DELIVERY.c.state.in_(COUNTED))
    sends = select(func.count()).where(DELIVERY.c.run_number == run_number, DELIVERY.c.member_id.in_(heard))
    return connection.execute(sends).scalar_one()


def of_member(connection: Connection, member_id: str) -> list[dict[str, Any]]:
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
            RUN.c.evidence,
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
