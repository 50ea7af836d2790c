"""Subject access: everything stored about one member, provided, observed or derived (GD-10, C-10)."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final

from sqlalchemy import Connection, func, select

from audiences.access.one_time_codes import CODE_LIFETIME as CODE_LIFE
from audiences.people import holdout_versions
from audiences.people.bucketing import is_in_share
from audiences.people.contacts import contact_of
from audiences.tables import CHOICE_ENTRY, CONSENT_TEXT_VERSION, CONTACT, HOLDOUT_UNIT, SUPPRESSION
from audiences.warehouse import member_rows
from campaigns.core.errors import UserError
from campaigns.core.model.enums import Language, Purpose
from campaigns.core.model.localised_text import Localised
from campaigns.core.model.offer_reason import ChosenOffer, parse_chosen_offers
from campaigns.people.privacy import contact_proofs
from campaigns.people.privacy.erasure import SKIP_RETENTION, redemption_retention
from campaigns.people.privacy.processors import processors
from campaigns.rendering.offer_reason_text import Reader, explain_offers
from campaigns.rules.select import select_conditions
from campaigns.runs.planning.audience_count import CountQuery
from campaigns.runs.planning.match import create_population
from campaigns.runs.planning.plan import register_snapshot
from campaigns.runs.planning.query_session import DuckDBConnection as WarehouseConnection
from campaigns.runs.planning.query_session import QuerySession
from campaigns.runs.queries import Queries
from campaigns.store.people import audit, personal_data
from campaigns.store.runs.decisions import chosen_offers_as_json

_LOG: Final = logging.getLogger("viesti")

ExportRow = Mapping[str, Any]

LEDGER_RETENTION: Final = {"unsent_messages": SKIP_RETENTION, "one_time_codes": CODE_LIFE}
"""Ledger data with a retention shorter than the membership."""

_OWN_SECTIONS: Final = frozenset({"contact", "choice_entry", "unit"})
_UNEXPORTED: Final = frozenset({"agent", "nonce", "proof_nonce"})
_RENAMED: Final = {"members": "profile", "sent": "earlier_messages"}


@dataclass(frozen=True, slots=True)
class SubjectAccessExport:
    """Sections by name, each a list of rows; a section without rows is present and empty."""

    member_id: str
    made_at: datetime
    sections: Mapping[str, Sequence[ExportRow]] = field(repr=False)


def collect_export(queries: Queries, member_id: str) -> SubjectAccessExport:
    """Return all data stored about a member; raise UserError when the member is unknown."""
    now, repository = queries.context.clock.now(), queries.context.repository
    with queries.context.ledger.read() as connection:
        contact = contact_of(connection, member_id)
        ledger = dict(_ledger_sections(queries, connection, contact))
    with closing(repository.warehouse.connect_for_members([member_id], now, eager=True)) as warehouse:
        tables = member_rows.rows_of_member(repository.warehouse, warehouse)
        audiences = _audiences(queries, warehouse, contact, now)
    warehouse_sections = {_RENAMED.get(table, table): rows for table, rows in tables.items()}
    sections = {
        "contact": ledger.pop("contact"),
        "household": ledger.pop("household"),
        **warehouse_sections,
        **ledger,
        "audiences": audiences,
        "retention": _retention(queries),
        "processors": processors(repository.settings),
    }
    return SubjectAccessExport(member_id, now, sections)


def export_with_audit(
    queries: Queries, member_id: str, file_format: str, actor: str, *, despite_wait: bool = False
) -> SubjectAccessExport:
    """Return the export and write an audit log row with its format and actor.

    Raise UserError while the contact changed lately; an operator may go on with `despite_wait`, which is audited.
    """
    contact_proofs.require_no_wait(queries.context, member_id, despite_wait=despite_wait)
    export = collect_export(queries, member_id)
    with queries.context.ledger.write() as connection:
        subject = audit.subject_of_member(queries.context.signer, member_id)
        audit.record(connection, export.made_at, actor, "export", subject, {"form": file_format})
    return export


def _audiences(
    queries: Queries, warehouse: WarehouseConnection, contact: ExportRow, now: datetime
) -> Sequence[ExportRow]:
    """Return the audiences that the member is in now; empty when consent permits none.

    Rules are described in the member's language.
    """
    session, member_id = QuerySession(warehouse), contact["member_id"]
    people = register_snapshot(session, queries.snapshot((member_id,)))
    create_population(session, Purpose.MARKETING, people, (member_id,))
    return [
        {
            "audience": name,
            "title": _title(count_query.audience.title),
            "rule": count_query.describe_for_receivers(Language(contact["language"])),
            "as_of": now,
        }
        for name, count_query in _audience_rules(queries, now)
        if _is_in_audience(session, count_query, member_id)
    ]


def _title(title: str | Localised) -> str | Mapping[str, str]:
    return title if isinstance(title, str) else title.model_dump()


def _audience_rules(queries: Queries, now: datetime) -> Iterator[tuple[str, CountQuery]]:
    """Yield the rule of each audience; an invalid file is logged and skipped, and does not block the export."""
    for file in queries.context.workspace.audience_files():
        try:
            yield file.stem, queries.count_query(file.stem, now)
        except UserError as error:
            _LOG.warning("audience left out of a subject access export: %s", error.problems[0])


def _is_in_audience(session: QuerySession, count_query: CountQuery, member_id: str) -> bool:
    scope = replace(count_query.scope, members=(member_id,))
    rows = session.fetch_dicts(select_conditions({"taken": count_query.audience.match}, scope))
    return any(row["taken"] for row in rows)


def _ledger_sections(
    queries: Queries, connection: Connection, contact: ExportRow
) -> Iterator[tuple[str, Sequence[ExportRow]]]:
    member_id = contact["member_id"]
    yield "contact", [contact]
    yield "household", _household(connection, contact)
    yield "choice_history", _choice_history(connection, member_id)
    yield "messages", [_readable_message(row) for row in personal_data.messages_of_member(connection, member_id)]
    yield "holdout", _holdout(connection, member_id)
    yield "suppressions", _suppressions(connection, contact)
    yield "audit", personal_data.audit_rows(connection, audit.subjects_of_member(queries.context.signer, member_id))
    for table in personal_data.member_tables():
        if table.name not in _OWN_SECTIONS | personal_data.TABLES_IN_MESSAGES:
            rows = personal_data.rows_of_member(connection, table, member_id)
            yield table.name, _without_staff(rows) if table.name == "merge_record" else rows


def _readable_message(row: ExportRow) -> ExportRow:
    """Return a message with its title for the evidence of its run, and with its offers and their reasons in words."""
    evidence = row["evidence"] or {}
    chosen = parse_chosen_offers(row["offers"], (row["counts"] or {}).get("offer_ids", ()))
    names = evidence.get("offer_names", {})
    words = {language.value: _offers_in_words(chosen, names, language) for language in Language} if chosen else None
    values = {
        **row,
        "evidence": evidence.get("title", {}),
        "offers": chosen_offers_as_json(row["offers"], row["counts"]),
        "counts": words,
    }
    renamed = {"evidence": "title", "counts": "offer_reasons"}
    return {renamed.get(name, name): value for name, value in values.items()}


def _offers_in_words(chosen: Sequence[ChosenOffer], names: Mapping[str, Any], language: Language) -> str:
    offers = explain_offers(chosen, names, language, Reader.MEMBER)
    return "; ".join(offer.title if offer.reason is None else f"{offer.title}: {offer.reason}" for offer in offers)


def _without_staff(merges: Sequence[ExportRow]) -> Sequence[ExportRow]:
    """Return merges without what no export shows of the rows that they keep: names of staff, parts of links."""
    return [
        {
            **merge,
            "rows": {
                side: {
                    table: [{name: value for name, value in row.items() if name not in _UNEXPORTED} for row in rows]
                    for table, rows in tables.items()
                }
                for side, tables in merge["rows"].items()
            },
        }
        for merge in merges
    ]


def _household(connection: Connection, contact: ExportRow) -> Sequence[ExportRow]:
    """Return the household's id and size; other members' data is theirs to request (C-16)."""
    household = contact["household_id"]
    if household is None:
        return []
    members = select(func.count()).where(CONTACT.c.household_id == household)
    return [{"household_id": household, "members": connection.execute(members).scalar_one()}]


def _choice_history(connection: Connection, member_id: str) -> Sequence[ExportRow]:
    """Return every choice entry with its text. The agent's name is the agent's personal data and left out."""
    joined = CHOICE_ENTRY.outerjoin(CONSENT_TEXT_VERSION, CONSENT_TEXT_VERSION.c.version == CHOICE_ENTRY.c.wording)
    columns = [column for column in CHOICE_ENTRY.c if column.name not in ("member_id", "agent")]
    query = (
        select(*columns, CONSENT_TEXT_VERSION.c.shown).select_from(joined).where(CHOICE_ENTRY.c.member_id == member_id)
    )
    return [dict(row) for row in connection.execute(query.order_by(CHOICE_ENTRY.c.seq)).mappings()]


def _holdout(connection: Connection, member_id: str) -> Sequence[ExportRow]:
    """Return the member's holdout unit, and whether the current version holds it out."""
    unit = connection.execute(
        select(HOLDOUT_UNIT.c.number, HOLDOUT_UNIT.c.since).where(HOLDOUT_UNIT.c.member_id == member_id)
    ).one_or_none()
    if unit is None:
        return []
    current = [version for version in holdout_versions.list_versions(connection) if version.until is None]
    is_held_out = any(is_in_share(str(unit.number), version.salt, version.share) for version in current)
    return [{"unit": unit.number, "since": unit.since, "held_out": is_held_out}]


def _suppressions(connection: Connection, contact: ExportRow) -> Sequence[ExportRow]:
    values = {contact["mailbox"], contact["phone"], contact["address_key"]} - {None}
    query = select(SUPPRESSION).where(SUPPRESSION.c.value.in_(sorted(values)))
    return [dict(row) for row in connection.execute(query).mappings()]


def _retention(queries: Queries) -> Sequence[ExportRow]:
    """Return retention in days; None: as long as the membership."""
    catalogue = queries.context.repository.catalogue.tables
    declared = {name: table.retention for name, table in catalogue.items() if "member_id" in table.columns}
    redeemed = redemption_retention(queries.context.repository.catalogue)
    periods = {**declared, **LEDGER_RETENTION, "redemptions": redeemed}
    return [
        {"what": name, "kept_days": None if period is None else ceil(period / timedelta(days=1))}
        for name, period in periods.items()
    ]
