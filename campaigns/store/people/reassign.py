"""Reassignment of a member's decisions, deliveries and events to another id: a pseudonym, or a duplicate's."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, case, delete, exists, select, update

from campaigns.store.people.people_tables import KEPT_FILE, NOTICE, PRIVACY_REQUEST, PROCESSOR_TASK
from campaigns.store.runs import decisions, deliveries
from campaigns.store.runs.event_tables import EVENT, REDEMPTION
from campaigns.store.runs.run_tables import DECISION, DELIVERY
from campaigns.store.runs.states import DeliveryState

_NUMBERED: Final = (EVENT, KEPT_FILE, NOTICE, PRIVACY_REQUEST, PROCESSOR_TASK, REDEMPTION)
_CHUNK: Final = 500


def pseudonymise(connection: Connection, member_id: str, pseudonym: str) -> None:
    """Replace the id of an erased member by a pseudonym, and delete what providers said about the address."""
    # first: pending deliveries are found by their decisions
    deliveries_of_member = update(DELIVERY).where(deliveries.for_members([member_id]))
    connection.execute(deliveries_of_member.values(member_id=pseudonym, detail=None))
    unit = case((DECISION.c.unit == f"member:{member_id}", pseudonym), else_=DECISION.c.unit)
    renamed = update(DECISION).where(decisions.for_members([member_id]))
    connection.execute(renamed.values(member_id=pseudonym, unit=unit))
    events_of_member = update(EVENT).where(EVENT.c.member_id == member_id)
    connection.execute(events_of_member.values(member_id=pseudonym, raw=""))
    redemptions_of_member = update(REDEMPTION).where(REDEMPTION.c.member_id == member_id)
    connection.execute(redemptions_of_member.values(member_id=pseudonym, store_id=None))
    connection.execute(delete(NOTICE).where(NOTICE.c.member_id == member_id))


def merge(connection: Connection, member_id: str, into: str) -> dict[str, list[Any]]:
    """Move a duplicate's decisions and deliveries to the member who stays, so that caps still count them.

    In a run that decided about both members, each keeps its own decision, and a pending delivery of the duplicate is
    withdrawn when it is claimed: one message a person. Return the keys of what was moved, by table, for `unmerge`.
    """
    other_decision = DECISION.alias("theirs")

    def decided_for_both(run_number: ColumnElement[int]) -> ColumnElement[bool]:
        return exists().where(other_decision.c.run_number == run_number, other_decision.c.member_id == into)

    is_withdrawn_later = and_(DELIVERY.c.state == DeliveryState.PENDING, decided_for_both(DELIVERY.c.run_number))
    of_deliveries = and_(deliveries.for_members([member_id]), ~is_withdrawn_later)
    of_decisions = and_(decisions.for_members([member_id]), ~decided_for_both(DECISION.c.run_number))
    moved: dict[str, list[Any]] = {
        DELIVERY.name: [
            list(row)
            for row in connection.execute(select(DELIVERY.c.run_number, DELIVERY.c.position).where(of_deliveries))
        ],
        DECISION.name: list(connection.execute(select(DECISION.c.run_number).where(of_decisions)).scalars()),
    }
    connection.execute(update(DELIVERY).where(of_deliveries).values(member_id=into))
    for table in _NUMBERED:
        numbers = select(table.c.number).where(table.c.member_id == member_id)
        moved[table.name] = list(connection.execute(numbers).scalars())
        connection.execute(update(table).where(table.c.member_id == member_id).values(member_id=into))
    connection.execute(update(DECISION).where(of_decisions).values(member_id=into))
    return moved


def unmerge(connection: Connection, member_id: str, into: str, moved: Mapping[str, Sequence[Any]]) -> None:
    """Move everything that `merge` moved back to `member_id`; `moved` is from `merge`."""
    for run_number, position in moved[DELIVERY.name]:
        of_delivery = (DELIVERY.c.run_number == run_number, DELIVERY.c.position == position)
        connection.execute(
            update(DELIVERY).where(*of_delivery, DELIVERY.c.member_id == into).values(member_id=member_id)
        )
    for run_number in moved[DECISION.name]:
        of_decision = (DECISION.c.run_number == run_number, DECISION.c.member_id == into)
        connection.execute(update(DECISION).where(*of_decision).values(member_id=member_id))
    for table in _NUMBERED:
        numbers = moved.get(table.name, ())
        for start in range(0, len(numbers), _CHUNK):
            of_rows = (table.c.number.in_(numbers[start : start + _CHUNK]), table.c.member_id == into)
            connection.execute(update(table).where(*of_rows).values(member_id=member_id))
