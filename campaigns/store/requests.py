"""Members' requests in the ledger: filed, put off, closed, and listed by when they are due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, insert, select, update

from campaigns.errors import AuthorError
from campaigns.spec.requests import Ending, RequestKind
from campaigns.store.desk_tables import REQUEST, Request


@dataclass(frozen=True, slots=True)
class Filing:
    """A request as it comes in: `source` is where (web, desk, phone), `by` who wrote it down."""

    member_id: str
    kind: RequestKind
    source: str
    by: str
    words: str = ""


def file(connection: Connection, filing: Filing, now: datetime, due_on: date) -> tuple[Request, bool]:
    """Keep a request, and say whether it is new: as long as one of its kind is open it stays the one.

    A correction is always a new one: it is about other words.
    """
    of_kind = (REQUEST.c.member_id == filing.member_id, REQUEST.c.kind == filing.kind, REQUEST.c.closed_at.is_(None))
    open_one = connection.execute(select(REQUEST).where(*of_kind)).mappings().first()
    if open_one is not None and filing.kind is not RequestKind.CORRECT:
        return Request(**open_one), False
    row = {
        "member_id": filing.member_id,
        "kind": filing.kind.value,
        "source": filing.source,
        "words": filing.words,
        "filed_at": now,
        "filed_by": filing.by,
        "due_on": due_on,
    }
    found = connection.execute(insert(REQUEST).values(**row).returning(*REQUEST.c)).mappings().one()
    return Request(**found), True


def get(connection: Connection, number: int) -> Request:
    """A request; AuthorError when there is none of this number."""
    row = connection.execute(select(REQUEST).where(REQUEST.c.number == number)).mappings().one_or_none()
    if row is None:
        raise AuthorError.about(
            str(number), "there is no request of this number", "unknown_request", "`viesti requests`"
        )
    return Request(**row)


def waiting(connection: Connection) -> Sequence[Request]:
    """The open requests, the most urgent first."""
    query = select(REQUEST).where(REQUEST.c.closed_at.is_(None)).order_by(REQUEST.c.due_on, REQUEST.c.number)
    return [Request(**row) for row in connection.execute(query).mappings()]


def of_member(connection: Connection, member_id: str) -> Sequence[Request]:
    """Everything that a member ever asked for, the newest first."""
    query = select(REQUEST).where(REQUEST.c.member_id == member_id).order_by(REQUEST.c.number.desc())
    return [Request(**row) for row in connection.execute(query).mappings()]


def put_off(connection: Connection, number: int, due_on: date, because: str) -> bool:
    """Give a request its later day, once; False when it was put off before, or is closed."""
    can_be = (REQUEST.c.closed_at.is_(None), REQUEST.c.put_off_because.is_(None))
    changed = update(REQUEST).where(REQUEST.c.number == number, *can_be).values(due_on=due_on, put_off_because=because)
    return connection.execute(changed).rowcount == 1


def close(connection: Connection, number: int, ending: Ending, because: str | None, by: str, now: datetime) -> bool:
    """End a request; False when it has ended before."""
    changed = update(REQUEST).where(REQUEST.c.number == number, REQUEST.c.closed_at.is_(None))
    values = {"closed_at": now, "closed_by": by, "outcome": ending.value, "outcome_because": because}
    return connection.execute(changed.values(**values)).rowcount == 1


def forget(connection: Connection, member_id: str, pseudonym: str, by: str, now: datetime) -> None:
    """Close what an erased member had asked for, and keep of it that it was asked and answered."""
    of_member = REQUEST.c.member_id == member_id
    done = {"closed_at": now, "closed_by": by, "outcome": Ending.DONE.value}
    connection.execute(update(REQUEST).where(of_member, REQUEST.c.closed_at.is_(None)).values(**done))
    nothing = {"words": "", "put_off_because": None, "outcome_because": None}
    connection.execute(update(REQUEST).where(of_member).values(member_id=pseudonym, **nothing))


def hand_over(connection: Connection, member_id: str, into: str) -> None:
    """Give a duplicate's requests to the member who stays."""
    connection.execute(update(REQUEST).where(REQUEST.c.member_id == member_id).values(member_id=into))
