"""Changes of e-mail address and telephone number: proof of the new value, refusal by the former, and the wait after.

A value is unproven from its change until a code sent to it comes back. No sign-in code goes to an unproven value. After
any change, nothing is handed out that the desk may not see, for `WAIT`.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, FromClause, Row, delete, func, insert, or_, select, update

from audiences.access.numeric_codes import is_same_code, numeric_code
from audiences.identity_tables import CONTACT_CHANGE, HELD_REQUEST, MERGE_RECORD, NONCES
from audiences.tables import CONTACT
from campaigns.core.tokens import Signer

CHANNEL_FIELDS: Final = ("email", "phone")
WAIT: Final = timedelta(hours=72)
"""Time from a change of contact until a copy or an erasure is carried out."""

PROOF_LIFETIME: Final = timedelta(days=2)
MAX_TRIES: Final = 5
RETENTION: Final = timedelta(days=30)


class ChangeOrigin(StrEnum):
    """Origin of a change of contact.

    `MERGE` fills a gap from a merged id. `MERGED_ID` is an address of the merged id: its owner is told and may refuse,
    but the address of the member who stays is the same as before.
    """

    DESK = "desk"
    WEB = "web"
    IMPORT = "import"
    MERGE = "merge"
    MERGED_ID = "merged_id"
    REFUSAL = "refusal"


@dataclass(frozen=True, slots=True)
class NewChange:
    """Change to be recorded. `proven`: the new value needs no code."""

    member_id: str
    field: str
    former: str | None = dataclass_field(repr=False)
    value: str | None = dataclass_field(repr=False)
    origin: ChangeOrigin
    proven: bool = False


def record_change(connection: Connection, change: NewChange, now: datetime) -> Row[Any]:
    """Record a change in the transaction that stores the new value; return its row.

    `former` of the row is the last proven value that nobody refused. A removed value needs no proof, and neither does
    that one.
    """
    latest = (
        None if change.origin is ChangeOrigin.MERGED_ID else latest_change(connection, change.member_id, change.field)
    )
    former = change.former if latest is None or _is_settled(latest) else latest.former
    needs_proof = not change.proven and change.value is not None and not _same(change.field, change.value, former)
    row = {
        "member_id": change.member_id,
        "field": change.field,
        "former": former,
        "value": change.value,
        "origin": change.origin.value,
        "at": now,
        "nonce": secrets.randbelow(NONCES),
        "proof_nonce": secrets.randbelow(NONCES),
        "code_sent_at": now if needs_proof else None,
        "tries_left": MAX_TRIES if needs_proof else 0,
        "proven_at": None if needs_proof else now,
    }
    stored = insert(CONTACT_CHANGE).values(**row).returning(*CONTACT_CHANGE.c)
    return connection.execute(stored).one()


def record_imported(connection: Connection, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Record the known values that imported contacts are about to replace; the membership system needs no proof."""
    fields = [name for name in CHANNEL_FIELDS if rows and name in rows[0]]
    if not fields:
        return
    columns = [CONTACT.c.member_id, *(CONTACT.c[name] for name in fields)]
    by_member = {row["member_id"]: row for row in rows}
    for stored in connection.execute(select(*columns).where(CONTACT.c.member_id.in_(list(by_member)))).mappings():
        imported = by_member[stored["member_id"]]
        for name in fields:
            if stored[name] is not None and not _same(name, stored[name], imported[name]):
                change = NewChange(
                    stored["member_id"], name, stored[name], imported[name], ChangeOrigin.IMPORT, proven=True
                )
                record_change(connection, change, now)


def latest_change(connection: Connection, member_id: str, field_name: str) -> Row[Any] | None:
    """Return the newest change of a member's own field."""
    of_field = (CONTACT_CHANGE.c.member_id == member_id, CONTACT_CHANGE.c.field == field_name, _is_own(CONTACT_CHANGE))
    newest = select(CONTACT_CHANGE).where(*of_field).order_by(CONTACT_CHANGE.c.number.desc()).limit(1)
    return connection.execute(newest).one_or_none()


def unproven_changes(connection: Connection, member_id: str) -> Mapping[str, Row[Any]]:
    """Return the newest change of each field whose value is not proven, or was refused."""
    latest = {name: latest_change(connection, member_id, name) for name in CHANNEL_FIELDS}
    return {name: row for name, row in latest.items() if row is not None and not _is_settled(row)}


def is_proven(connection: Connection, member_id: str, field_name: str) -> bool:
    """Return whether a sign-in code may go to this value of a member."""
    latest = latest_change(connection, member_id, field_name)
    return latest is None or _is_settled(latest)


def is_long_proven(connection: Connection, member_id: str, field_name: str, now: datetime) -> bool:
    """Return whether a value is proven and has not changed within `WAIT`."""
    latest = latest_change(connection, member_id, field_name)
    return latest is None or (_is_settled(latest) and latest.at <= now - WAIT)


def opens_at(connection: Connection, member_id: str, now: datetime) -> datetime | None:
    """Return when the wait after the last change or refusal ends; None when there is no wait at `now`.

    The one rule of every path that hands out what the desk may not see, or erases.
    """
    moments = [
        select(func.max(column)).where(table.c.member_id == member_id).scalar_subquery()
        for table, column in (
            (CONTACT_CHANGE, CONTACT_CHANGE.c.at),
            (CONTACT_CHANGE, CONTACT_CHANGE.c.refused_at),
            (HELD_REQUEST, HELD_REQUEST.c.refused_at),
            (MERGE_RECORD, func.coalesce(MERGE_RECORD.c.merged_at, MERGE_RECORD.c.at)),  # an interrupted one, too
        )
    ]
    latest = max((moment for moment in connection.execute(select(*moments)).one() if moment is not None), default=None)
    return latest + WAIT if latest is not None and latest + WAIT > now else None


def proof_code(signer: Signer, number: int, nonce: int) -> str:
    """Return the digits of a change's code, computed anew each time: they are stored nowhere."""
    return numeric_code(signer, "contact proof", number, nonce)


def renew_proof(connection: Connection, change: Row[Any], now: datetime) -> Row[Any]:
    """Draw a new code and link for an unproven value; earlier ones are void."""
    values = {"proof_nonce": secrets.randbelow(NONCES), "code_sent_at": now, "tries_left": MAX_TRIES}
    renewed = update(CONTACT_CHANGE).where(CONTACT_CHANGE.c.number == change.number).values(**values)
    return connection.execute(renewed.returning(*CONTACT_CHANGE.c)).one()


def prove_by_code(connection: Connection, signer: Signer, change: Row[Any], code: str, now: datetime) -> bool:
    """Mark a value as proven when the code is right; every wrong one is counted, so commit either way."""
    if not _is_provable(change, now) or change.tries_left <= 0:
        return False
    of_change = update(CONTACT_CHANGE).where(CONTACT_CHANGE.c.number == change.number)
    if not is_same_code(code, proof_code(signer, change.number, change.proof_nonce)):
        connection.execute(of_change.values(tries_left=change.tries_left - 1))
        return False
    connection.execute(of_change.values(proven_at=now))
    return True


def prove_by_link(connection: Connection, number: int, nonce: int, now: datetime) -> Row[Any] | None:
    """Mark a value as proven by the link that was sent to it; None for an old, a used or a refused one."""
    change = change_of_link(connection, number, nonce, proving=True)
    if change is None or not _is_provable(change, now) or not _is_latest(connection, change):
        return None
    connection.execute(update(CONTACT_CHANGE).where(CONTACT_CHANGE.c.number == number).values(proven_at=now))
    return change


def change_of_link(connection: Connection, number: int, nonce: int, *, proving: bool) -> Row[Any] | None:
    """Return the change of a link that proves or refuses it.

    The nonce keeps a link from serving another change, also one that got the same number later.
    """
    column = CONTACT_CHANGE.c.proof_nonce if proving else CONTACT_CHANGE.c.nonce
    of_link = (CONTACT_CHANGE.c.number == number, column == nonce)
    return connection.execute(select(CONTACT_CHANGE).where(*of_link)).one_or_none()


def refuse_change(connection: Connection, change: Row[Any], now: datetime) -> str | None:
    """Block a change and later ones of the field; return the value to restore, None when a person must decide.

    An unproven value gives way to the former one. A proven one stays, but gets no codes: one of two people who both
    proved an address claims to be the member, and no link decides which. A merge changed no address of the member who
    stays: an address of the merged id blocks none.
    """
    if change.origin == ChangeOrigin.MERGED_ID:
        of_merge = update(CONTACT_CHANGE).where(CONTACT_CHANGE.c.number == change.number)
        connection.execute(of_merge.values(refused_at=now))
        return None
    later = (
        _is_own(CONTACT_CHANGE),
        CONTACT_CHANGE.c.member_id == change.member_id,
        CONTACT_CHANGE.c.field == change.field,
        CONTACT_CHANGE.c.number >= change.number,
    )
    latest = latest_change(connection, change.member_id, change.field)
    connection.execute(
        update(CONTACT_CHANGE).where(*later, CONTACT_CHANGE.c.refused_at.is_(None)).values(refused_at=now)
    )
    is_unproven = latest is not None and latest.proven_at is None
    return change.former if is_unproven else None


def former_values(connection: Connection, member_id: str) -> Mapping[str, frozenset[str]]:
    """Return the former e-mail addresses and numbers of a member that are still stored."""
    query = select(CONTACT_CHANGE.c.field, CONTACT_CHANGE.c.former).where(
        CONTACT_CHANGE.c.member_id == member_id, CONTACT_CHANGE.c.former.is_not(None)
    )
    rows = connection.execute(query).all()
    return {name: frozenset(row.former for row in rows if row.field == name) for name in CHANNEL_FIELDS}


def purge_changes(connection: Connection, now: datetime) -> int:
    """Delete changes after `RETENTION`, but for values that are still unproven or refused; return how many."""
    newer = CONTACT_CHANGE.alias("newer")
    superseded = (
        select(newer.c.number)
        .where(newer.c.member_id == CONTACT_CHANGE.c.member_id, newer.c.field == CONTACT_CHANGE.c.field)
        .where(newer.c.number > CONTACT_CHANGE.c.number, _is_own(newer))
        .exists()
    )
    settled = ~_is_own(CONTACT_CHANGE) | CONTACT_CHANGE.c.proven_at.is_not(None) & CONTACT_CHANGE.c.refused_at.is_(None)
    is_old = CONTACT_CHANGE.c.at < now - RETENTION
    connection.execute(update(CONTACT_CHANGE).where(is_old).values(former=None))
    return connection.execute(delete(CONTACT_CHANGE).where(is_old, or_(superseded, settled))).rowcount


def move_to_merged(connection: Connection, merged_id: str, into: str) -> None:
    """Give the changes of a merged id to the member who stays: its former addresses are still told and may refuse."""
    of_merged = update(CONTACT_CHANGE).where(CONTACT_CHANGE.c.member_id == merged_id)
    connection.execute(of_merged.values(member_id=into, origin=ChangeOrigin.MERGED_ID.value))


def _is_own(table: FromClause) -> ColumnElement[bool]:
    """Return the condition for changes of a member's own address, not one of an id that was merged into theirs."""
    return table.c.origin != ChangeOrigin.MERGED_ID


def _is_settled(change: Row[Any]) -> bool:
    return change.proven_at is not None and change.refused_at is None


def _is_provable(change: Row[Any], now: datetime) -> bool:
    is_open = change.proven_at is None and change.refused_at is None and change.code_sent_at is not None
    return bool(is_open and change.code_sent_at > now - PROOF_LIFETIME)


def _is_latest(connection: Connection, change: Row[Any]) -> bool:
    latest = latest_change(connection, change.member_id, change.field)
    return latest is not None and latest.number == change.number


def _same(field_name: str, one: str | None, other: str | None) -> bool:
    if field_name == "email" and one and other:
        return one.lower() == other.lower()
    return one == other
