"""Personal data of one member in the ledger: every row of every table that names members, without secrets."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table, and_, or_, select
from sqlmodel import SQLModel

from campaigns.store.people.people_tables import AUDIT
from campaigns.store.runs.run_tables import DECISION, DELIVERY, RUN

LedgerRow = Mapping[str, Any]

WITHHELD_COLUMNS: Final[Mapping[str, frozenset[str]]] = {
    "one_time_code": frozenset({"digest", "challenge", "allowances"}),
    "contact_change": frozenset({"nonce", "proof_nonce"}),
    "held_request": frozenset({"nonce"}),
    "caller_check": frozenset({"session", "nonce"}),
    "member_session": frozenset({"digest"}),
    "note": frozenset({"about", "attempt"}),
    "request": frozenset({"filed_by", "closed_by"}),
    "processor_task": frozenset({"closed_by"}),
    "kept_file": frozenset({"path", "machine", "digest"}),
}
"""Columns that are not disclosed: they would allow to sign in as the member, or they name staff or our machines."""

TABLES_IN_MESSAGES: Final = frozenset({"decision", "delivery"})
"""Tables that `messages` joins."""

TABLES_WITHOUT_MEMBERS: Final[Mapping[str, str]] = {
    "run": "an occasion of a campaign; all that concerns a member is in the decision",
    "run_file": "copies of definitions, and of columns that are in `profile`, for a run that is under way",
    "publication": "a campaign's definition",
    "bundle": "a numbered bundle of many letters or calls",
    "pace": "the state of an account's rate limit",
    "holdout_version": "a draw of the holdout; the member's own part in it is in `holdout`",
    "wording": "texts as they were shown; each is disclosed with the choice that was made under it",
    "audit": "names members opaquely; the rows about this one are in `audit`",
    "audit_seal": "hashes of the audit log",
    "agent": "a staff account",
    "agent_session": "a session of a staff account",
    "desk_ticket": "a page of a staff session for an hour, encrypted under a secret that only its browser has",
    "failed_login": "a wrong password for a staff account",
    "link_count": "clicks on a link, counted without any member",
    "tried": "keyed hashes of networks, addresses and browsers that asked for something, for a day at most",
    "undeclared_proxy": "addresses of proxies, which pass requests of many people on, for a week",
    "halt": "the halt of a campaign",
    "chore": "a nightly job, and when it was done",
    "erased_address": "keyed hashes of addresses of erased members",
    "suppression": "by address; those of the member's addresses are in `suppressions`",
}
"""Tables without a column of members, each with the reason why it holds nothing more about a member."""


def member_tables() -> list[Table]:
    """Return every table of the ledger that names members, whichever module declares it."""
    return [table for table in SQLModel.metadata.sorted_tables if "member_id" in table.c]


def rows_of_member(connection: Connection, table: Table, member_id: str) -> Sequence[LedgerRow]:
    """Return a member's rows of one table, without the withheld columns."""
    withheld = WITHHELD_COLUMNS.get(table.name, frozenset())
    columns = [column for column in table.c if column.name not in withheld]
    query = select(*columns).where(table.c.member_id == member_id).order_by(*table.primary_key.columns)
    return [dict(row) for row in connection.execute(query).mappings()]


def messages_of_member(connection: Connection, member_id: str) -> Sequence[LedgerRow]:
    """Return every decision about a member with its reason, its delivery, and what its run stores, newest first.

    Of the run these are the evidence, and the counts, with the ids by which the decision numbers its offers.
    """
    of_delivery = and_(DELIVERY.c.run_number == DECISION.c.run_number, DELIVERY.c.position == DECISION.c.position)
    joined = DECISION.join(RUN, RUN.c.number == DECISION.c.run_number).outerjoin(DELIVERY, of_delivery)
    decision_columns = [column for column in DECISION.c if column.name not in ("run_number", "member_id")]
    delivery_columns = [
        column.label(f"delivery_{column.name}")
        for column in DELIVERY.c
        if column.name not in ("run_number", "position", "member_id", "channel", "attempt", "lease_until")
    ]
    run_columns = (
        RUN.c.run_id,
        RUN.c.campaign,
        RUN.c.evidence,
        RUN.c.counts,
        RUN.c.purpose,
        RUN.c.newsletter,
        RUN.c.partner,
        RUN.c.due_at,
    )
    query = select(*run_columns, *decision_columns, *delivery_columns).select_from(joined)
    of_member = query.where(DECISION.c.member_id == member_id, RUN.c.planned_at.is_not(None))
    rows = connection.execute(of_member.order_by(RUN.c.number.desc())).mappings()
    return [dict(row) for row in rows]


def audit_rows(connection: Connection, names: frozenset[str]) -> Sequence[LedgerRow]:
    """Return the actions on a member's data: time, action and detail.

    The names of the staff who did them are disclosed to the supervisory authority only.
    """
    about_member = or_(*(AUDIT.c.subject == name for name in sorted(names)))
    query = select(AUDIT.c.at, AUDIT.c.action, AUDIT.c.detail).where(about_member).order_by(AUDIT.c.seq)
    return [dict(row) for row in connection.execute(query).mappings()]
