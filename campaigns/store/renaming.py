"""A member by another id in what was decided and sent: a pseudonym once erased, the other id of a duplicate."""

from sqlalchemy import Connection, case, exists, update

from campaigns.store.tables import AUDIT, DECISION, DELIVERY


def pseudonymise(connection: Connection, member_id: str, pseudonym: str) -> None:
    """Leave nothing personal of an erased member: another name, and not what providers said about the address."""
    own = case((DECISION.c.unit == f"member:{member_id}", pseudonym), else_=DECISION.c.unit)
    renamed = update(DECISION).where(DECISION.c.member_id == member_id)
    connection.execute(renamed.values(member_id=pseudonym, unit=own))
    sent = update(DELIVERY).where(DELIVERY.c.member_id == member_id)
    connection.execute(sent.values(member_id=pseudonym, detail=None))
    connection.execute(update(AUDIT).where(AUDIT.c.subject == member_id).values(subject=pseudonym))


def hand_over(connection: Connection, member_id: str, into: str) -> None:
    """Give a duplicate's decisions and deliveries to the member who stays, so that what was heard still counts.

    Of a run that decided about both, each keeps its own: what waits of the duplicate is withdrawn at its claim.
    """
    for table in (DELIVERY, DECISION):  # a delivery finds out by the decisions, so it goes first
        theirs = DECISION.alias("theirs")
        both = exists().where(theirs.c.run_number == table.c.run_number, theirs.c.member_id == into)
        connection.execute(update(table).where(table.c.member_id == member_id, ~both).values(member_id=into))
