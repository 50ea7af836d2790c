"""The audit log asked: whether it is as it was written, and what it says."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from campaigns.core.errors import AuthorError
from campaigns.runs.engine import Engine
from campaigns.store.people import audit, audit_seals
from campaigns.store.people.audit_seals import Seal, Verdict
from campaigns.store.runs.run_tables import AUDIT


def verify(engine: Engine, kept: str | None = None) -> Verdict:
    """Seal what is not sealed yet, and look at the whole log; `kept` is a seal as an earlier look printed it.

    AuthorError when `kept` is none.
    """
    earlier = None if kept is None else _seal(kept)
    fresh = _seal_now(engine)
    with engine.ledger.read() as connection:
        return replace(audit_seals.verify(connection, engine.signer, earlier), fresh=fresh)


def show(engine: Engine, subject: str | None, most: int) -> Sequence[dict[str, Any]]:
    """The newest rows, newest first; of a member, a run, a campaign or an account where a `subject` is given."""
    query = select(AUDIT).order_by(AUDIT.c.seq.desc()).limit(most)
    if subject is not None:
        query = query.where(AUDIT.c.subject.in_([subject, *audit.names_of_member(engine.signer, subject)]))
    with engine.ledger.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def looked_up(engine: Engine, member_id: str, command: str) -> None:
    """Note that a member was looked at from the command line."""
    subject = audit.of_member(engine.signer, member_id)
    with engine.ledger.write() as connection:
        audit.note(connection, engine.clock.now(), engine.actor, "look_up", subject, {"why": command})
    _seal_now(engine)


def noted(engine: Engine, action: str, subject: str) -> None:
    """Note that something else than one member was looked at."""
    with engine.ledger.write() as connection:
        audit.note(connection, engine.clock.now(), engine.actor, action, subject)
    _seal_now(engine)


def _seal_now(engine: Engine) -> int:
    """Seal what was noted: where a command looks there may be no server that does it a second later. How many rows."""
    return audit_seals.seal_all(engine.ledger, engine.signer, engine.clock.now())


def _seal(kept: str) -> Seal:
    number, _, digest = kept.partition(":")
    if not number.isdecimal() or not digest:
        raise AuthorError.about(
            kept, "this is no seal", "no_seal", "it reads like 12:9f86d0…, see `viesti audit verify`"
        )
    return Seal(int(number), digest)
