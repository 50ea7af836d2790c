"""Queries on deliveries by state and member, and the one way to end pending deliveries."""

from collections.abc import Collection
from datetime import datetime
from typing import Final, TypeVarTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    Update,
    and_,
    func,
    literal,
    select,
    tuple_,
    union_all,
    update,
)

from campaigns.core.model.enums import Channel
from campaigns.core.model.reasons import EndReason
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs.decisions import for_members as decisions_of
from campaigns.store.runs.run_tables import DECISION, DELIVERY
from campaigns.store.runs.states import DeliveryState

_Columns = TypeVarTuple("_Columns")

_ENDED_AT_ONCE: Final = 2000  # a write transaction of about 30 ms
_INDEXES: Final = {
    DeliveryState.PENDING: "deliveries_to_claim",
    DeliveryState.SENDING: "deliveries_under_way",
    DeliveryState.UNCERTAIN: "deliveries_uncertain",
}


def has_state(state: DeliveryState) -> ColumnElement[bool]:
    """Return the condition for a state, as a literal: SQLite does not match a partial index to a bound value."""
    return DELIVERY.c.state == literal(state.value, literal_execute=True)


def with_state(statement: Select[*_Columns], state: DeliveryState) -> Select[*_Columns]:
    """Return the statement for deliveries in a state, using the partial index of that state.

    Without the hint SQLite scans the whole run, nearly all of which may be in another state.
    """
    return statement.where(has_state(state)).with_hint(DELIVERY, _hint(state), "sqlite")


def update_with_state(state: DeliveryState) -> Update:
    """Return an update of the deliveries in a state, which are found as by `with_state`."""
    return update(DELIVERY).where(has_state(state)).with_hint(_hint(state), dialect_name="sqlite")


def _hint(state: DeliveryState) -> str:
    return f"INDEXED BY {_INDEXES[state]}"


def state_as_subquery(state: DeliveryState) -> ScalarSelect[str]:
    """Return a state as a value to compare with, for deliveries that are found by their key.

    It is a subquery so that PostgreSQL does not see the state when it plans. If it did, statistics from before the
    sending would call the index of that state empty, and every statement would scan all entries that the index has held
    since.
    """
    return select(literal(state.value)).scalar_subquery()


def is_claimed() -> ColumnElement[bool]:
    """Return the condition for claimed deliveries, as a literal: only these are in the index by member."""
    return DELIVERY.c.state != literal(DeliveryState.PENDING.value, literal_execute=True)


def for_members(members: Collection[str]) -> ColumnElement[bool]:
    """Return the condition for deliveries of some members; pending ones are found by their decisions."""
    claimed_delivery = DELIVERY.alias("known")
    claimed = select(claimed_delivery.c.run_number, claimed_delivery.c.position).where(
        claimed_delivery.c.member_id.in_(members),
        claimed_delivery.c.state != literal(DeliveryState.PENDING.value, literal_execute=True),
    )
    decided = select(DECISION.c.run_number, DECISION.c.position).where(decisions_of(members))
    key = tuple_(DELIVERY.c.run_number, DELIVERY.c.position)
    return and_(DELIVERY.c.member_id.in_(members), key.in_(union_all(claimed, decided)))


def position_range(connection: Connection, run_number: int) -> tuple[int, int]:
    """Return the first and the last position of a run; (1, 0) when it has no delivery."""
    ends = select(func.min(DELIVERY.c.position), func.max(DELIVERY.c.position)).where(
        DELIVERY.c.run_number == run_number
    )
    first, last = connection.execute(ends).one()
    return (1, 0) if first is None else (first, last)


def members_at(connection: Connection, run_number: int, positions: Collection[int]) -> dict[int, str]:
    """Return the members at these positions of a run, some hundred."""
    query = select(DELIVERY.c.position, DELIVERY.c.member_id).where(
        DELIVERY.c.run_number == run_number, DELIVERY.c.position.in_(positions)
    )
    return {row.position: row.member_id for row in connection.execute(query)}


def end_pending(
    ledger: Ledger, run_number: int, state: DeliveryState, reason: EndReason, now: datetime, *channels: Channel
) -> int:
    """End the pending deliveries of a run, in some channels or in all, with a reason; return their number.

    Works in short transactions. The state of the run, or its sending hours, must keep others from claiming them
    meanwhile.
    """
    ended = 0
    while True:
        pending = with_state(select(DELIVERY.c.position), DeliveryState.PENDING).where(
            DELIVERY.c.run_number == run_number
        )
        if channels:
            pending = pending.where(DELIVERY.c.channel.in_(channels))
        some = (
            update(DELIVERY)
            .where(
                DELIVERY.c.run_number == run_number,
                DELIVERY.c.position.in_(pending.limit(_ENDED_AT_ONCE)),
                has_state(DeliveryState.PENDING),
            )
            .values(state=state, reason=reason, ended_at=now, not_before=None)
        )
        with ledger.write() as connection:
            changed = connection.execute(some).rowcount
        if not changed:
            return ended
        ended += changed
