"""Data subject requests in the ledger: filed, extended, closed, and listed by due date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, insert, select, update

from campaigns.core.errors import UserError
from campaigns.core.model.privacy_rights import RequestKind, RequestOutcome
from campaigns.store.people.people_tables import PRIVACY_REQUEST, PrivacyRequest


@dataclass(frozen=True, slots=True)
class NewRequest:
    """New request: `source` is where it came in (web, desk, phone), `by` is the account that recorded it."""

    member_id: str
    kind: RequestKind
    source: str
    by: str
    words: str = ""


def file_request(
    connection: Connection, filing: NewRequest, now: datetime, due_on: date
) -> tuple[PrivacyRequest, bool]:
    """Store a request; return it, and whether it is new.

    While a request of the same kind is open, that one is returned, unchanged.
    """
    of_kind = (
        PRIVACY_REQUEST.c.member_id == filing.member_id,
        PRIVACY_REQUEST.c.kind == filing.kind,
        PRIVACY_REQUEST.c.closed_at.is_(None),
    )
    open_request = connection.execute(select(PRIVACY_REQUEST).where(*of_kind)).mappings().first()
    if open_request is not None:
        return PrivacyRequest(**open_request), False
    row = {
        "member_id": filing.member_id,
        "kind": filing.kind.value,
        "source": filing.source,
        "words": filing.words,
        "filed_at": now,
        "filed_by": filing.by,
        "due_on": due_on,
    }
    stored = connection.execute(insert(PRIVACY_REQUEST).values(**row).returning(*PRIVACY_REQUEST.c)).mappings().one()
    return PrivacyRequest(**stored), True


def replace_words(connection: Connection, number: int, words: str) -> PrivacyRequest:
    """Replace the text of an open request; return the request."""
    changed = update(PRIVACY_REQUEST).where(PRIVACY_REQUEST.c.number == number, PRIVACY_REQUEST.c.closed_at.is_(None))
    row = connection.execute(changed.values(words=words).returning(*PRIVACY_REQUEST.c)).mappings().one()
    return PrivacyRequest(**row)


def get(connection: Connection, number: int) -> PrivacyRequest:
    """Return a request; raise UserError when there is none of this number."""
    row = connection.execute(select(PRIVACY_REQUEST).where(PRIVACY_REQUEST.c.number == number)).mappings().one_or_none()
    if row is None:
        raise UserError.about(str(number), "there is no request of this number", "unknown_request", "`viesti requests`")
    return PrivacyRequest(**row)


def list_open(connection: Connection) -> Sequence[PrivacyRequest]:
    """Return the open requests, most urgent first."""
    query = (
        select(PRIVACY_REQUEST)
        .where(PRIVACY_REQUEST.c.closed_at.is_(None))
        .order_by(PRIVACY_REQUEST.c.due_on, PRIVACY_REQUEST.c.number)
    )
    return [PrivacyRequest(**row) for row in connection.execute(query).mappings()]


def list_for_member(connection: Connection, member_id: str) -> Sequence[PrivacyRequest]:
    """Return all requests of a member, newest first."""
    query = (
        select(PRIVACY_REQUEST)
        .where(PRIVACY_REQUEST.c.member_id == member_id)
        .order_by(PRIVACY_REQUEST.c.number.desc())
    )
    return [PrivacyRequest(**row) for row in connection.execute(query).mappings()]


def extend_due_date(connection: Connection, number: int, due_on: date, reason: str) -> bool:
    """Extend the due date of a request, once; return False when it was extended before or is closed."""
    is_extendable = (PRIVACY_REQUEST.c.closed_at.is_(None), PRIVACY_REQUEST.c.put_off_because.is_(None))
    extended = (
        update(PRIVACY_REQUEST)
        .where(PRIVACY_REQUEST.c.number == number, *is_extendable)
        .values(due_on=due_on, put_off_because=reason)
    )
    return connection.execute(extended).rowcount == 1


def close(
    connection: Connection, number: int, ending: RequestOutcome, reason: str | None, by: str, now: datetime
) -> bool:
    """Close a request; return False when it was closed before."""
    closed = update(PRIVACY_REQUEST).where(PRIVACY_REQUEST.c.number == number, PRIVACY_REQUEST.c.closed_at.is_(None))
    values = {"closed_at": now, "closed_by": by, "outcome": ending.value, "outcome_because": reason}
    return connection.execute(closed.values(**values)).rowcount == 1


def erase_member(connection: Connection, member_id: str, pseudonym: str, by: str, now: datetime) -> None:
    """Close the requests of an erased member; keep only that they were made and answered, under the pseudonym."""
    of_member = PRIVACY_REQUEST.c.member_id == member_id
    closed = {"closed_at": now, "closed_by": by, "outcome": RequestOutcome.DONE.value}
    connection.execute(update(PRIVACY_REQUEST).where(of_member, PRIVACY_REQUEST.c.closed_at.is_(None)).values(**closed))
    blank = {"words": "", "put_off_because": None, "outcome_because": None}
    connection.execute(update(PRIVACY_REQUEST).where(of_member).values(member_id=pseudonym, **blank))


def reassign(connection: Connection, member_id: str, into: str) -> None:
    """Move a duplicate's requests to the member who stays."""
    connection.execute(update(PRIVACY_REQUEST).where(PRIVACY_REQUEST.c.member_id == member_id).values(member_id=into))
