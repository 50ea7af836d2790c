"""A member by another id in what was decided and sent: a pseudonym once erased, the other id of a duplicate."""

from sqlalchemy import ColumnElement, Connection, and_, case, delete, exists, update

from campaigns.store import decisions, deliveries
from campaigns.store.event_tables import EVENT
from campaigns.store.tables import DECISION, DELIVERY, NOTE
from campaigns.store.words import DeliveryState


def pseudonymise(connection: Connection, member_id: str, pseudonym: str) -> None:
    """Leave nothing personal of an erased member: another name, and not what providers said about the address."""
    sent = update(DELIVERY).where(deliveries.of([member_id]))  # first: the decisions lead to those that wait
    connection.execute(sent.values(member_id=pseudonym, detail=None))
    own = case((DECISION.c.unit == f"member:{member_id}", pseudonym), else_=DECISION.c.unit)
    renamed = update(DECISION).where(decisions.of([member_id]))
    connection.execute(renamed.values(member_id=pseudonym, unit=own))
    told = update(EVENT).where(EVENT.c.member_id == member_id)
    connection.execute(told.values(member_id=pseudonym, raw=""))
    connection.execute(delete(NOTE).where(NOTE.c.member_id == member_id))


def hand_over(connection: Connection, member_id: str, into: str) -> None:
    """Give a duplicate's decisions and deliveries to the member who stays, so that what was heard still counts.

    Of a run that decided about both, each keeps its own decision, and what waits of the duplicate is withdrawn at its
    claim: one message a person.
    """
    theirs = DECISION.alias("theirs")

    def both(run_number: ColumnElement[int]) -> ColumnElement[bool]:
        return exists().where(theirs.c.run_number == run_number, theirs.c.member_id == into)

    waits = and_(DELIVERY.c.state == DeliveryState.PENDING, both(DELIVERY.c.run_number))
    connection.execute(update(DELIVERY).where(deliveries.of([member_id]), ~waits).values(member_id=into))
    connection.execute(update(EVENT).where(EVENT.c.member_id == member_id).values(member_id=into))
    connection.execute(update(NOTE).where(NOTE.c.member_id == member_id).values(member_id=into))
    alone = ~both(DECISION.c.run_number)
    connection.execute(update(DECISION).where(decisions.of([member_id]), alone).values(member_id=into))
