"""Audit log: who did what, when, to whom and why. Append-only, sealed in batches by `audit_seals`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from campaigns.core.tokens import Signer
from campaigns.store.people.people_tables import AUDIT


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
