"""Queries on decisions and the outcomes of their deliveries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, or_, select

from campaigns.core.model.offer_reason import parse_chosen_offers
from campaigns.core.model.reasons import SkipReason
from campaigns.store.runs.run_tables import DECISION, DELIVERY, RUN
from campaigns.store.runs.states import COUNTED_DELIVERY_STATES, DeliveryState

SEND = "send"
SKIP = "skip"


def for_members(members: Collection[str]) -> ColumnElement[bool]:
    """Return the condition for decisions about some members, looked up run by run in the order of the primary key."""
    return and_(DECISION.c.run_number.in_(select(RUN.c.number)), DECISION.c.member_id.in_(members))


@dataclass(frozen=True, slots=True)
class OutcomeCounts:
    """Outcomes of a run's sends: `rows` of channel, state, reason and number."""

    rows: tuple[tuple[str, str, str, int], ...]

    @property
    def by_state(self) -> dict[str, int]:
        """Return the number of deliveries in each state: the balance of section 7 of the design."""
        counted = dict.fromkeys(map(str, DeliveryState), 0)
        for _, state, _, number in self.rows:
            counted[state] += number
        return counted

    @property
    def planned(self) -> int:
        """Return the number of planned sends, which is always the sum over all states."""
        return sum(number for *_, number in self.rows)


def outcome_counts(connection: Connection, run_number: int) -> OutcomeCounts:
    """Count the deliveries of a run by channel, state and reason."""
    grouped = (DELIVERY.c.channel, DELIVERY.c.state, func.coalesce(DELIVERY.c.reason, ""))
    rows = connection.execute(
        select(*grouped, func.count()).where(DELIVERY.c.run_number == run_number).group_by(*grouped).order_by(*grouped)
    )
    return OutcomeCounts(tuple((channel, state, reason, number) for channel, state, reason, number in rows))


def count_members_in_both_runs(connection: Connection, run_number: int, other_runs: Collection[int]) -> int:
    """Count the sends of a run to members to whom one of the other runs also sends or has sent."""
    members_of_others = select(DELIVERY.c.member_id).where(
        DELIVERY.c.run_number.in_(other_runs), DELIVERY.c.state.in_(COUNTED_DELIVERY_STATES)
    )
    sends = select(func.count()).where(DELIVERY.c.run_number == run_number, DELIVERY.c.member_id.in_(members_of_others))
    return connection.execute(sends).scalar_one()


def count_overlaps(connection: Connection, run_number: int, other_runs: Sequence[int]) -> tuple[int, list[int]]:
    """Count the sends of a run to members whom other runs send or have sent to: in all, and for each of the others.

    Each send is looked up by the primary keys of the other runs' decisions, which have the same order, and deliveries.
    """
    others = [(DECISION.alias(f"other_{place}"), DELIVERY.alias(f"sent_{place}")) for place in range(len(other_runs))]
    in_others = [
        exists().where(
            other.c.run_number == number,
            other.c.member_id == DECISION.c.member_id,
            other.c.kind == SEND,
            delivery.c.run_number == number,
            delivery.c.position == other.c.position,
            delivery.c.state.in_(COUNTED_DELIVERY_STATES),
        )
        for (other, delivery), number in zip(others, other_runs, strict=True)
    ]
    overlaps = (
        select(*(case((each, 1), else_=0).label(f"in_{place}") for place, each in enumerate(in_others)))
        .where(DECISION.c.run_number == run_number, DECISION.c.kind == SEND)
        .subquery("overlaps")
    )
    sums = [func.coalesce(func.sum(each), 0) for each in overlaps.c]
    total = func.coalesce(func.sum(case((or_(*(each == 1 for each in overlaps.c)), 1), else_=0)), 0)
    in_all, *by_run = connection.execute(select(total, *sums)).one()
    return int(in_all), [int(number) for number in by_run]


def count_by_runs(connection: Connection, run_numbers: Sequence[int]) -> dict[frozenset[int], int]:
    """Count the members whom several runs would write to, by the set of these runs.

    Members skipped by a frequency cap count as well: without the cap they would get the message.
    """
    wanted = or_(DECISION.c.kind == SEND, DECISION.c.reason == SkipReason.FREQUENCY_CAP)
    flags = [
        func.max(case((DECISION.c.run_number == number, 1), else_=0)).label(f"run_{number}") for number in run_numbers
    ]
    by_member = (
        select(DECISION.c.member_id, *flags)
        .where(DECISION.c.run_number.in_(run_numbers), wanted)
        .group_by(DECISION.c.member_id)
        .subquery()
    )
    columns = [by_member.c[f"run_{number}"] for number in run_numbers]
    rows = connection.execute(select(func.count(), *columns).group_by(*columns))
    return {
        frozenset(number for number, flag in zip(run_numbers, flags, strict=True) if flag): members
        for members, *flags in rows
    }


def list_for_member(connection: Connection, member_id: str) -> list[dict[str, Any]]:
    """Return every decision about a member with its outcome, newest run first."""
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
            RUN.c.partner,
            RUN.c.counts,
            DECISION.c.offers,
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


def chosen_offers_as_json(text: str | None, counts: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return the offers of a decision, the best first: id, kind of reason, and days of a regular purchase.

    `counts` are those of its run, which number the offers.
    """
    chosen = parse_chosen_offers(text, (counts or {}).get("offer_ids", ()))
    return [
        {"offer": each.offer_id}
        | ({} if each.reason is None else {"reason": each.reason.kind.name.lower()})
        | (
            {}
            if each.reason is None or each.reason.every_days is None
            else {"every_days": each.reason.every_days, "days_ago": each.reason.days_ago}
        )
        for each in chosen
    ]
