"""The audit log: who did what, when, to whom and why; appended only, sealed in batches by `store.seals`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from campaigns.store.tables import AUDIT
from campaigns.tokens import Signer


def note(
    connection: Connection, at: datetime, actor: str, action: str, subject: str, detail: Mapping[str, Any] | None = None
) -> None:
    """Append one row in the caller's transaction: what is done and that it was done are one.

    A row is sealed and outlives whomever it is about: nothing personal goes in, and a member is named by `of_member`.
    """
    connection.execute(
        insert(AUDIT).values(at=at, actor=actor, action=action, subject=subject, detail=dict(detail or {}))
    )


def of_member(signer: Signer, member_id: str) -> str:
    """What a member is called in the audit log; whoever has the id and the key finds the rows, and nobody else."""
    return f"member:{signer.opaque('audit', member_id)}"


def names_of_member(signer: Signer, member_id: str) -> frozenset[str]:
    """What a member may be called there, by every key that is still kept."""
    return frozenset(f"member:{name}" for name in signer.opaques("audit", member_id))
