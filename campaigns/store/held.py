"""What the ledger holds of one member: every row of every table that names one, but for what would open a door."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table, and_, or_, select
from sqlmodel import SQLModel

from campaigns.store.tables import AUDIT, DECISION, DELIVERY, RUN

Row = Mapping[str, Any]

WITHHELD: Final[Mapping[str, frozenset[str]]] = {
    "one_time_code": frozenset({"digest", "challenge"}),
    "member_session": frozenset({"digest"}),
    "note": frozenset({"about", "attempt"}),
    "request": frozenset({"filed_by", "closed_by"}),
    "processor_task": frozenset({"closed_by"}),
}
"""Columns that stay here: who had them could sign in as the member, or they name somebody who works here."""

ELSEWHERE: Final = frozenset({"decision", "delivery"})
"""Tables that `messages` reads together."""

NOBODYS: Final[Mapping[str, str]] = {
    "run": "an occasion of a campaign; what concerns a member stands with the decision",
    "run_file": "copies for a run that is under way, of definitions and of columns that are in `profile`",
    "publication": "a campaign's definition",
    "bundle": "a hand-over of many letters, by its number",
    "pace": "an account's speed",
    "holdout_version": "a drawing of units; the member's own part in it is in `holdout`",
    "wording": "texts as they were shown; each is told with the choice that was made under it",
    "audit": "names no member but opaquely; the rows about this one are in `audit`",
    "audit_seal": "hashes of the audit log",
    "agent": "an account of somebody who works here",
    "agent_session": "a session of such an account",
    "failed_login": "a wrong password for such an account",
    "link_count": "how often a link was followed, by nobody in particular",
    "tried": "keyed hashes of addresses of the internet, for a quarter of an hour",
    "halt": "a campaign that was halted",
    "chore": "work of the night, and when it was done",
    "erased_address": "keyed hashes of addresses of those who were erased",
    "suppression": "by address; those of the member's are in `suppressions`",
}
"""Tables without a column of members, and why nothing of a member is missed by that."""


def tables_of_members() -> list[Table]:
    """Every table of the ledger that names members, whoever made it."""
    return [table for table in SQLModel.metadata.sorted_tables if "member_id" in table.c]


def rows_of(connection: Connection, table: Table, member_id: str) -> Sequence[Row]:
    """A member's rows of one table, without what is withheld."""
    hidden = WITHHELD.get(table.name, frozenset())
    shown = [column for column in table.c if column.name not in hidden]
    query = select(*shown).where(table.c.member_id == member_id).order_by(*table.primary_key.columns)
    return [dict(row) for row in connection.execute(query).mappings()]


def messages(connection: Connection, member_id: str) -> Sequence[Row]:
    """Every decision about a member, sent or not and why, with what became of it; the newest first."""
    of_delivery = and_(DELIVERY.c.run_number == DECISION.c.run_number, DELIVERY.c.position == DECISION.c.position)
    joined = DECISION.join(RUN, RUN.c.number == DECISION.c.run_number).outerjoin(DELIVERY, of_delivery)
    decided = [column for column in DECISION.c if column.name not in ("run_number", "member_id")]
    sent = [
        column.label(f"delivery_{column.name}")
        for column in DELIVERY.c
        if column.name not in ("run_number", "position", "member_id", "channel", "attempt", "lease_until")
    ]
    about = (RUN.c.run_id, RUN.c.campaign, RUN.c.purpose, RUN.c.newsletter, RUN.c.partner, RUN.c.due_at)
    query = select(*about, *decided, *sent).select_from(joined)
    mine = query.where(DECISION.c.member_id == member_id, RUN.c.planned_at.is_not(None))
    return [dict(row) for row in connection.execute(mine.order_by(RUN.c.number.desc())).mappings()]


def audited(connection: Connection, names: frozenset[str]) -> Sequence[Row]:
    """What was done about a member, when and why. Who works here and did it is told to the supervisory authority."""
    mine = or_(*(AUDIT.c.subject == name for name in sorted(names)))
    query = select(AUDIT.c.at, AUDIT.c.action, AUDIT.c.detail).where(mine).order_by(AUDIT.c.seq)
    return [dict(row) for row in connection.execute(query).mappings()]
