"""What is held about one member: what they gave, what was observed, and what was made of it (GD-10, C-10)."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final

from sqlalchemy import Connection, func, select

from audiences.access.one_time_codes import LIFE as CODE_LIFE
from audiences.people import holdout_versions
from audiences.people.bucketing import is_in_share
from audiences.people.contacts import contact_of
from audiences.tables import CHOICE_ENTRY, CONTACT, SUPPRESSION, UNIT, WORDING
from audiences.warehouse import member_rows
from campaigns.core.errors import AuthorError
from campaigns.core.model.enums import Language, Purpose
from campaigns.people.privacy.erasure import SKIPS_KEPT
from campaigns.people.privacy.processors import processors
from campaigns.rules.select import select_conditions
from campaigns.runs.engine import Engine
from campaigns.runs.planning.audience_count import Question
from campaigns.runs.planning.match import population
from campaigns.runs.planning.plan import lay_out
from campaigns.runs.planning.query_session import Bench
from campaigns.runs.planning.query_session import Connection as WarehouseConnection
from campaigns.runs.queries import Asking
from campaigns.store.people import audit, personal_data

_LOG: Final = logging.getLogger("viesti")

Row = Mapping[str, Any]

KEPT_OF_THE_LEDGER: Final = {"unsent_messages": SKIPS_KEPT, "one_time_codes": CODE_LIFE}
"""What the ledger does not keep as long as the membership."""

_OWN_SECTIONS: Final = frozenset({"contact", "choice_entry", "unit"})
_RENAMED: Final = {"members": "profile", "sent": "earlier_messages"}


@dataclass(frozen=True, slots=True)
class Dossier:
    """Sections by name, each a list of rows; a section without rows is there, empty: nothing is held."""

    member_id: str
    made_at: datetime
    sections: Mapping[str, Sequence[Row]] = field(repr=False)


def dossier(asking: Asking, member_id: str) -> Dossier:
    """Everything that is held about a member; AuthorError when there is no such member."""
    now, library = asking.clock.now(), asking.library
    with asking.ledger.read() as connection:
        contact = contact_of(connection, member_id)
        ledger = dict(_of_the_ledger(asking, connection, contact))
    with closing(library.warehouse.about([member_id], now, at_once=True)) as warehouse:
        stored = member_rows.holdings(library.warehouse, warehouse)
        taken = _audiences(asking, warehouse, contact, now)
    bought = {_RENAMED.get(table, table): rows for table, rows in stored.items()}
    sections = {
        "contact": ledger.pop("contact"),
        "household": ledger.pop("household"),
        **bought,
        **ledger,
        "audiences": taken,
        "retention": _retention(asking),
        "processors": processors(library.settings),
    }
    return Dossier(member_id, now, sections)


def hand_out(engine: Engine, member_id: str, form: str, by: str) -> Dossier:
    """The dossier, and a row in the audit log that it was handed out, in which form and by whom."""
    whole = dossier(engine, member_id)
    with engine.ledger.write() as connection:
        subject = audit.of_member(engine.signer, member_id)
        audit.note(connection, whole.made_at, by, "export", subject, {"form": form})
    return whole


def _audiences(asking: Asking, about: WarehouseConnection, contact: Row, now: datetime) -> Sequence[Row]:
    """The audiences that the workspace's rules would put the member into at this moment; none for whom none may.

    Rules are said in the member's language.
    """
    bench, member_id = Bench(about), contact["member_id"]
    people = lay_out(bench, asking.snapshot((member_id,)))
    population(bench, Purpose.MARKETING, people, (member_id,))
    return [
        {"audience": name, "rule": question.sentence(Language(contact["language"])), "as_of": now}
        for name, question in _questions(asking, now)
        if _takes(bench, question, member_id)
    ]


def _questions(asking: Asking, now: datetime) -> Iterator[tuple[str, Question]]:
    """The audiences' rules; a file that is out of order puts nobody anywhere, and is no reason to refuse a copy."""
    for file in asking.workspace.audience_files():
        try:
            yield file.stem, asking.question(file.stem, now)
        except AuthorError as error:
            _LOG.warning("left out of a copy of what is held: %s", error.problems[0])


def _takes(bench: Bench, question: Question, member_id: str) -> bool:
    scope = replace(question.scope, members=(member_id,))
    rows = bench.dicts(select_conditions({"taken": question.audience.match}, scope))
    return any(row["taken"] for row in rows)


def _of_the_ledger(asking: Asking, connection: Connection, contact: Row) -> Iterator[tuple[str, Sequence[Row]]]:
    member_id = contact["member_id"]
    yield "contact", [contact]
    yield "household", _household(connection, contact)
    yield "choice_history", _choice_history(connection, member_id)
    yield "messages", personal_data.messages(connection, member_id)
    yield "holdout", _holdout(connection, member_id)
    yield "suppressions", _suppressions(connection, contact)
    yield "audit", personal_data.audited(connection, audit.names_of_member(asking.signer, member_id))
    for table in personal_data.tables_of_members():
        if table.name not in _OWN_SECTIONS | personal_data.ELSEWHERE:
            yield table.name, personal_data.rows_of(connection, table, member_id)


def _household(connection: Connection, contact: Row) -> Sequence[Row]:
    """That there is one and of how many; who they are is theirs to ask (C-16)."""
    household = contact["household_id"]
    if household is None:
        return []
    members = select(func.count()).where(CONTACT.c.household_id == household)
    return [{"household_id": household, "members": connection.execute(members).scalar_one()}]


def _choice_history(connection: Connection, member_id: str) -> Sequence[Row]:
    """Every entry, with the text under which it was made. The name of whoever entered it here is theirs."""
    joined = CHOICE_ENTRY.outerjoin(WORDING, WORDING.c.version == CHOICE_ENTRY.c.wording)
    columns = [column for column in CHOICE_ENTRY.c if column.name not in ("member_id", "agent")]
    query = select(*columns, WORDING.c.shown).select_from(joined).where(CHOICE_ENTRY.c.member_id == member_id)
    return [dict(row) for row in connection.execute(query.order_by(CHOICE_ENTRY.c.seq)).mappings()]


def _holdout(connection: Connection, member_id: str) -> Sequence[Row]:
    """The unit that the member is drawn with, and whether the present drawing holds it out."""
    unit = connection.execute(select(UNIT.c.number, UNIT.c.since).where(UNIT.c.member_id == member_id)).one_or_none()
    if unit is None:
        return []
    drawn = [each for each in holdout_versions.versions(connection) if each.until is None]
    out = any(is_in_share(str(unit.number), each.salt, each.share) for each in drawn)
    return [{"unit": unit.number, "since": unit.since, "held_out": out}]


def _suppressions(connection: Connection, contact: Row) -> Sequence[Row]:
    values = {contact["mailbox"], contact["phone"], contact["address_key"]} - {None}
    query = select(SUPPRESSION).where(SUPPRESSION.c.value.in_(sorted(values)))
    return [dict(row) for row in connection.execute(query).mappings()]


def _retention(asking: Asking) -> Sequence[Row]:
    """How long what is kept, in days; None: as long as the membership."""
    catalogue = asking.library.catalogue.tables
    declared = {name: table.retention for name, table in catalogue.items() if "member_id" in table.columns}
    spans = {**declared, **KEPT_OF_THE_LEDGER}
    return [
        {"what": what, "kept_days": None if span is None else ceil(span / timedelta(days=1))}
        for what, span in spans.items()
    ]
