"""Audit log: verification of its seals, queries, and rows for look-ups outside the desk."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from campaigns.core.errors import UserError
from campaigns.store.people import audit, audit_seals
from campaigns.store.people.audit import AuditQuery
from campaigns.store.people.audit_seals import ChainVerification, Seal
from campaigns.workspace.context import Context

MAX_EXPORT: Final = 10_000


def verify(context: Context, earlier_seal: str | None = None) -> ChainVerification:
    """Seal new rows and verify the whole log.

    `earlier_seal` is a seal as an earlier verification printed it; raise UserError when it is malformed.
    """
    seal = None if earlier_seal is None else _seal(earlier_seal)
    sealed = _seal_now(context)
    with context.ledger.read() as connection:
        return replace(audit_seals.verify(connection, context.signer, seal), newly_sealed=sealed)


def list_rows(context: Context, subject: str | None, limit: int) -> Sequence[Mapping[str, Any]]:
    """Return the newest rows, newest first; optionally of one member, run, campaign or account."""
    query = AuditQuery() if subject is None else AuditQuery(subjects_of(context, subject))
    with context.ledger.read() as connection:
        return audit.search(connection, query, limit)


def subjects_of(context: Context, subject: str) -> frozenset[str]:
    """Return the names under which the log may have a member, run, campaign or account."""
    return frozenset({subject, *audit.subjects_of_member(context.signer, subject)})


def search(
    context: Context, query: AuditQuery, limit: int, before: int | None = None
) -> tuple[Sequence[Mapping[str, Any]], bool]:
    """Return matching rows, newest first, and whether there are older ones; `note_search` comes first."""
    with context.ledger.read() as connection:
        rows = audit.search(connection, query, limit + 1, before)
    return rows[:limit], len(rows) > limit


def export(context: Context, query: AuditQuery, file_format: str) -> Sequence[Mapping[str, Any]]:
    """Return all matching rows, oldest first, with a row of the export itself in the log, which it does not contain.

    Raises UserError, and notes nothing, for more than `MAX_EXPORT` rows: a file is never cut in silence.
    """
    with context.ledger.read() as connection:
        rows = audit.search(connection, query, MAX_EXPORT + 1)
    if len(rows) > MAX_EXPORT:
        message = f"there are more than {MAX_EXPORT} rows"
        raise UserError.about("audit", message, "too_many_rows", "choose fewer days")
    note_search(context, "export_audit", query, {"form": file_format, "rows": len(rows)})
    return rows[::-1]


def note_search(context: Context, action: str, query: AuditQuery, further: Mapping[str, object] | None = None) -> None:
    """Record a search or an export of the log; its subject is the one searched for, if the log knows it."""
    detail = {
        "actor": query.actor,
        "action": query.action,
        "since": "" if query.since is None else query.since.isoformat(),
        "until": "" if query.until is None else query.until.isoformat(),
        **(further or {}),
    }
    stated = {name: value for name, value in detail.items() if value != ""}
    with context.ledger.write() as connection:
        is_known = query.subjects and audit.search(connection, AuditQuery(query.subjects), 1)
        members = sorted(name for name in query.subjects if name.startswith("member:"))
        subject = members[0] if is_known and members else "audit"
        audit.record(connection, context.clock.now(), context.actor, action, subject, stated)
    _seal_now(context)


def note_look_up(context: Context, member_id: str, command: str) -> None:
    """Record that a member was looked up from the command line."""
    subject = audit.subject_of_member(context.signer, member_id)
    with context.ledger.write() as connection:
        audit.record(connection, context.clock.now(), context.actor, "look_up", subject, {"why": command})
    _seal_now(context)


def note_access(context: Context, action: str, subject: str, detail: Mapping[str, Any] | None = None) -> None:
    """Record an access to something other than one member."""
    with context.ledger.write() as connection:
        audit.record(connection, context.clock.now(), context.actor, action, subject, detail)
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
