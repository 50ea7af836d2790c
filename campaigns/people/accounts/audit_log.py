"""Audit log: verification of its seals, queries, and rows for look-ups outside the desk."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from campaigns.core.errors import UserError
from campaigns.store.people import audit, audit_seals
from campaigns.store.people.audit_seals import ChainVerification, Seal
from campaigns.store.people.people_tables import AUDIT
from campaigns.workspace.context import Context


def verify(context: Context, earlier_seal: str | None = None) -> ChainVerification:
    """Seal new rows and verify the whole log.

    `earlier_seal` is a seal as an earlier verification printed it; raise UserError when it is malformed.
    """
    seal = None if earlier_seal is None else _seal(earlier_seal)
    sealed = _seal_now(context)
    with context.ledger.read() as connection:
        return replace(audit_seals.verify(connection, context.signer, seal), newly_sealed=sealed)


def list_rows(context: Context, subject: str | None, limit: int) -> Sequence[dict[str, Any]]:
    """Return the newest rows, newest first; optionally of one member, run, campaign or account."""
    query = select(AUDIT).order_by(AUDIT.c.seq.desc()).limit(limit)
    if subject is not None:
        query = query.where(AUDIT.c.subject.in_([subject, *audit.subjects_of_member(context.signer, subject)]))
    with context.ledger.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def note_look_up(context: Context, member_id: str, command: str) -> None:
    """Record that a member was looked up from the command line."""
    subject = audit.subject_of_member(context.signer, member_id)
    with context.ledger.write() as connection:
        audit.record(connection, context.clock.now(), context.actor, "look_up", subject, {"why": command})
    _seal_now(context)


def note_access(context: Context, action: str, subject: str) -> None:
    """Record an access to something other than one member."""
    with context.ledger.write() as connection:
        audit.record(connection, context.clock.now(), context.actor, action, subject)
    _seal_now(context)


def _seal_now(context: Context) -> int:
    """Seal new rows and return how many: after a command there may be no server to seal them."""
    return audit_seals.seal_all(context.ledger, context.signer, context.clock.now())


def _seal(text: str) -> Seal:
    number, _, digest = text.partition(":")
    if not number.isdecimal() or not digest:
        raise UserError.about(
            text, "this is not a seal", "no_seal", "it reads like 12:9f86d0…, see `viesti audit verify`"
        )
    return Seal(int(number), digest)
