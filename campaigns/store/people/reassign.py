"""Reassignment of a member's decisions, deliveries, events and notices to another id: a pseudonym, or a duplicate's."""

from sqlalchemy import ColumnElement, Connection, and_, case, delete, exists, update

from campaigns.store.people.people_tables import NOTICE
from campaigns.store.runs import decisions, deliveries
from campaigns.store.runs.event_tables import EVENT
from campaigns.store.runs.run_tables import DECISION, DELIVERY
from campaigns.store.runs.states import DeliveryState


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
    connection.execute(delete(NOTICE).where(NOTICE.c.member_id == member_id))


def merge(connection: Connection, member_id: str, into: str) -> None:
    """Move a duplicate's decisions and deliveries to the member who stays, so that caps still count them.

    In a run that decided about both members, each keeps its own decision, and a pending delivery of the duplicate is
    withdrawn when it is claimed: one message a person.
    """
    other_decision = DECISION.alias("theirs")

    def decided_for_both(run_number: ColumnElement[int]) -> ColumnElement[bool]:
        return exists().where(other_decision.c.run_number == run_number, other_decision.c.member_id == into)

    is_withdrawn_later = and_(DELIVERY.c.state == DeliveryState.PENDING, decided_for_both(DELIVERY.c.run_number))
    connection.execute(
        update(DELIVERY).where(deliveries.for_members([member_id]), ~is_withdrawn_later).values(member_id=into)
    )
    connection.execute(update(EVENT).where(EVENT.c.member_id == member_id).values(member_id=into))
    connection.execute(update(NOTICE).where(NOTICE.c.member_id == member_id).values(member_id=into))
    decided_alone = ~decided_for_both(DECISION.c.run_number)
    connection.execute(update(DECISION).where(decisions.for_members([member_id]), decided_alone).values(member_id=into))
