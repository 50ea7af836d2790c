"""Audit log: who did what, when, to whom and why. Append-only, sealed in batches by `audit_seals`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from campaigns.core.tokens import Signer
from campaigns.store.people.people_tables import AUDIT


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Rows to search for; an empty value matches all. `subjects` are possible names of one subject."""

    subjects: frozenset[str] = frozenset()
    actor: str = ""
    action: str = ""
    since: datetime | None = None
    until: datetime | None = None


def record(
    connection: Connection, at: datetime, actor: str, action: str, subject: str, detail: Mapping[str, Any] | None = None
) -> None:
    """Append one row in the caller's transaction, so that an action and its record are stored together.

    A row is sealed and outlives the member: nothing personal goes in, and a member is named by `subject_of_member`.
    """
    connection.execute(
        insert(AUDIT).values(at=at, actor=actor, action=action, subject=subject, detail=dict(detail or {}))
    )


def subject_of_member(signer: Signer, member_id: str) -> str:
    """Return a member's opaque name in the audit log; its rows are found only with the member id and the key."""
    return f"member:{signer.keyed_hash('audit', member_id)}"


def subjects_of_member(signer: Signer, member_id: str) -> frozenset[str]:
    """Return a member's possible names in the audit log, one for every key that is still stored."""
    return frozenset(f"member:{name}" for name in signer.keyed_hashes("audit", member_id))


def search(
    connection: Connection, query: AuditQuery, limit: int, before: int | None = None
) -> Sequence[Mapping[str, Any]]:
    """Return matching rows, newest first, at most `limit`; with `before`, those older than that row."""
    wanted = [
        column == value for column, value in ((AUDIT.c.actor, query.actor), (AUDIT.c.action, query.action)) if value
    ]
    if query.subjects:
        wanted.append(AUDIT.c.subject.in_(query.subjects))
    if query.since is not None:
        wanted.append(AUDIT.c.at >= query.since)
    if query.until is not None:
        wanted.append(AUDIT.c.at < query.until)
    if before is not None:
        wanted.append(AUDIT.c.seq < before)
    rows = connection.execute(select(AUDIT).where(*wanted).order_by(AUDIT.c.seq.desc()).limit(limit))
    return [dict(row) for row in rows.mappings()]
