"""Deliveries as every step of dispatch asks for them, and the one way in which those that wait are ended."""

from collections.abc import Collection
from datetime import datetime
from typing import Final, TypeVarTuple

from sqlalchemy import ColumnElement, ScalarSelect, Select, Update, and_, literal, select, tuple_, union_all, update

from campaigns.ledger import Ledger
from campaigns.spec.reasons import EndReason
from campaigns.spec.words import Channel
from campaigns.store.decisions import of as decisions_of
from campaigns.store.tables import DECISION, DELIVERY
from campaigns.store.words import DeliveryState

_Columns = TypeVarTuple("_Columns")

_ENDED_AT_ONCE: Final = 2000  # a write transaction of about 30 ms
_INDEXES: Final = {
    DeliveryState.PENDING: "deliveries_to_claim",
    DeliveryState.SENDING: "deliveries_under_way",
    DeliveryState.UNCERTAIN: "deliveries_uncertain",
}


def is_in(state: DeliveryState) -> ColumnElement[bool]:
    """Whether a delivery is in a state; written out, for a partial index does not fit a bound value."""
    return DELIVERY.c.state == literal(state.value, literal_execute=True)


def in_state(statement: Select[*_Columns], state: DeliveryState) -> Select[*_Columns]:
    """The statement for deliveries in a state, by the index that holds only these.

    SQLite would rather walk through the whole run, of which nearly all may be in another state.
    """
    return statement.where(is_in(state)).with_hint(DELIVERY, _hint(state), "sqlite")


def change_in_state(state: DeliveryState) -> Update:
    """A change of deliveries in a state, which are found as by `in_state`."""
    return update(DELIVERY).where(is_in(state)).with_hint(_hint(state), dialect_name="sqlite")


def _hint(state: DeliveryState) -> str:
    return f"INDEXED BY {_INDEXES[state]}"


def as_value(state: DeliveryState) -> ScalarSelect[str]:
    """A state to compare with where deliveries are found by their key.

    PostgreSQL does not see which it is when it plans. Where it does, its statistics, which are of before the sending,
    call the index of that state empty, and it walks at every statement through all that the index held since.
    """
    return select(literal(state.value)).scalar_subquery()


def is_claimed() -> ColumnElement[bool]:
    """Whether a delivery is beyond pending, and so in the index by member; written out for the same reason."""
    return DELIVERY.c.state != literal(DeliveryState.PENDING.value, literal_execute=True)


def of(members: Collection[str]) -> ColumnElement[bool]:
    """Whether a delivery is one of these members'. Those that were not claimed yet are found by their decisions."""
    known = DELIVERY.alias("known")
    claimed = select(known.c.run_number, known.c.position).where(
        known.c.member_id.in_(members), known.c.state != literal(DeliveryState.PENDING.value, literal_execute=True)
    )
    decided = select(DECISION.c.run_number, DECISION.c.position).where(decisions_of(members))
    place = tuple_(DELIVERY.c.run_number, DELIVERY.c.position)
    return and_(DELIVERY.c.member_id.in_(members), place.in_(union_all(claimed, decided)))


def end_pending(
    ledger: Ledger, run_number: int, state: DeliveryState, reason: EndReason, now: datetime, *channels: Channel
) -> int:
    """End what waits of a run, in some channels or in all, with its reason; returns how many.

    In short transactions: who must not claim them meanwhile is told by the run's state or its hours.
    """
    ended = 0
    while True:
        waiting = in_state(select(DELIVERY.c.position), DeliveryState.PENDING).where(
            DELIVERY.c.run_number == run_number
        )
        if channels:
            waiting = waiting.where(DELIVERY.c.channel.in_(channels))
        some = (
            update(DELIVERY)
            .where(
                DELIVERY.c.run_number == run_number,
                DELIVERY.c.position.in_(waiting.limit(_ENDED_AT_ONCE)),
                is_in(DeliveryState.PENDING),
            )
            .values(state=state, reason=reason, ended_at=now, not_before=None)
        )
        with ledger.write() as connection:
            changed = connection.execute(some).rowcount
        if not changed:
            return ended
        ended += changed
