"""Data subject requests in the ledger: filed, extended, closed, and listed by due date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, insert, select, update

from campaigns.core.errors import AuthorError
from campaigns.core.model.privacy_rights import Ending, RequestKind
from campaigns.store.people.people_tables import REQUEST, Request


@dataclass(frozen=True, slots=True)
class Filing:
    """New request: `source` is where it came in (web, desk, phone), `by` is the account that recorded it."""

    member_id: str
    kind: RequestKind
    source: str
    by: str
    words: str = ""


def file(connection: Connection, filing: Filing, now: datetime, due_on: date) -> tuple[Request, bool]:
    """Store a request; return it, and whether it is new.

    While a request of the same kind is open, that one is returned. A correction is always new: its text differs.
    """
    of_kind = (REQUEST.c.member_id == filing.member_id, REQUEST.c.kind == filing.kind, REQUEST.c.closed_at.is_(None))
    open_request = connection.execute(select(REQUEST).where(*of_kind)).mappings().first()
    if open_request is not None and filing.kind is not RequestKind.CORRECT:
        return Request(**open_request), False
    row = {
        "member_id": filing.member_id,
        "kind": filing.kind.value,
        "source": filing.source,
        "words": filing.words,
        "filed_at": now,
        "filed_by": filing.by,
        "due_on": due_on,
    }
    stored = connection.execute(insert(REQUEST).values(**row).returning(*REQUEST.c)).mappings().one()
    return Request(**stored), True


def get(connection: Connection, number: int) -> Request:
    """Return a request; raise UserError when there is none of this number."""
    row = connection.execute(select(REQUEST).where(REQUEST.c.number == number)).mappings().one_or_none()
    if row is None:
        raise AuthorError.about(
            str(number), "there is no request of this number", "unknown_request", "`viesti requests`"
        )
    return Request(**row)


def waiting(connection: Connection) -> Sequence[Request]:
    """Return the open requests, most urgent first."""
    query = select(REQUEST).where(REQUEST.c.closed_at.is_(None)).order_by(REQUEST.c.due_on, REQUEST.c.number)
    return [Request(**row) for row in connection.execute(query).mappings()]


def of_member(connection: Connection, member_id: str) -> Sequence[Request]:
    """Return all requests of a member, newest first."""
    query = select(REQUEST).where(REQUEST.c.member_id == member_id).order_by(REQUEST.c.number.desc())
    return [Request(**row) for row in connection.execute(query).mappings()]


def put_off(connection: Connection, number: int, due_on: date, reason: str) -> bool:
    """Extend the due date of a request, once; return False when it was extended before or is closed."""
    is_extendable = (REQUEST.c.closed_at.is_(None), REQUEST.c.put_off_because.is_(None))
    extended = (
        update(REQUEST).where(REQUEST.c.number == number, *is_extendable).values(due_on=due_on, put_off_because=reason)
    )
    return connection.execute(extended).rowcount == 1


def close(connection: Connection, number: int, ending: Ending, reason: str | None, by: str, now: datetime) -> bool:
    """Close a request; return False when it was closed before."""
    closed = update(REQUEST).where(REQUEST.c.number == number, REQUEST.c.closed_at.is_(None))
    values = {"closed_at": now, "closed_by": by, "outcome": ending.value, "outcome_because": reason}
    return connection.execute(closed.values(**values)).rowcount == 1


def forget(connection: Connection, member_id: str, pseudonym: str, by: str, now: datetime) -> None:
    """Close the requests of an erased member; keep only that they were made and answered, under the pseudonym."""
    of_member = REQUEST.c.member_id == member_id
    closed = {"closed_at": now, "closed_by": by, "outcome": Ending.DONE.value}
    connection.execute(update(REQUEST).where(of_member, REQUEST.c.closed_at.is_(None)).values(**closed))
    blank = {"words": "", "put_off_because": None, "outcome_because": None}
    connection.execute(update(REQUEST).where(of_member).values(member_id=pseudonym, **blank))


def hand_over(connection: Connection, member_id: str, into: str) -> None:
    """Move a duplicate's requests to the member who stays."""
    connection.execute(update(REQUEST).where(REQUEST.c.member_id == member_id).values(member_id=into))
