"""What members ask for by right: filed with a due date, put off once with a reason, closed (GD-07).

Restriction and objection take effect when they are filed, by choices that no plan and no claim passes over; the other
kinds wait for somebody's work.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from sqlalchemy import Connection

from audiences.consent import choices
from audiences.consent.consent_state import Entry, Source
from audiences.people.contacts import contact_of
from campaigns.core.clock import local_day
from campaigns.core.errors import AuthorError
from campaigns.core.model.enums import Choice
from campaigns.core.model.privacy_rights import MONTHS, MONTHS_PUT_OFF, Ending, RequestKind, due
from campaigns.people.privacy.processors import leave_word
from campaigns.runs.engine import Engine
from campaigns.runs.notices import enqueue
from campaigns.store.people import audit
from campaigns.store.people import privacy_requests as kept
from campaigns.store.people.people_tables import Request

AT_ONCE: Final[Mapping[RequestKind, Choice]] = {
    RequestKind.RESTRICT: Choice.RESTRICTED,
    RequestKind.OBJECT: Choice.NO_MARKETING,
}
"""Which choice a request turns on the moment it is filed (GD-13, GD-16)."""

_TOLD_WHEN_DONE: Final = frozenset({RequestKind.RESTRICT, RequestKind.OBJECT, RequestKind.CORRECT})
"""Of the others somebody hears by what is done: a copy, or the last word to whoever was erased (article 12(3))."""

_MEMBER: Final = "member"
_LONGEST: Final = 2_000


def file(engine: Engine, member_id: str, kind: RequestKind, source: Source, words: str = "") -> Request:
    """File a member's request, and confirm it; one of the same kind that is still open stays the one, but a correction.

    AuthorError when there is no such member. From the web it is the member's own act, else that of `engine.actor`.
    """
    now = engine.clock.now()
    by = _MEMBER if source is Source.WEB else engine.actor
    filing = kept.Filing(member_id, kind, source.value, by, words.strip()[:_LONGEST])
    with engine.ledger.write() as connection:
        contact_of(connection, member_id)
        request, new = kept.file(connection, filing, now, due(local_day(now, engine.library.settings.zone), MONTHS))
        if kind in AT_ONCE:
            agent = None if by == _MEMBER else by
            choices.record(connection, [Entry(member_id, AT_ONCE[kind].value, True, now, source, agent=agent)])
            if new:
                leave_word(engine, connection, member_id, kind)
        if new:
            subject = audit.of_member(engine.signer, member_id)
            audit.note(connection, now, by, "file_request", subject, {"request": request.number, "kind": kind.value})
            enqueue.request_received(connection, member_id, kind.value, request.due_on, now)
    return request


def waiting(engine: Engine) -> Sequence[Request]:
    """The open requests, the most urgent first."""
    with engine.ledger.read() as connection:
        return kept.waiting(connection)


def open_one(engine: Engine, number: int) -> Request:
    """An open request; AuthorError when there is none of this number, or it is closed."""
    with engine.ledger.read() as connection:
        request = kept.get(connection, number)
    if request.closed_at is not None:
        raise _closed(request)
    return request


def today(engine: Engine) -> date:
    """The day that due dates are compared with."""
    return local_day(engine.clock.now(), engine.library.settings.zone)


def put_off(engine: Engine, number: int, because: str) -> Request:
    """Take the further months for a request that is not simple, and tell the member until when and why.

    AuthorError without a reason, after its due date, for a second time, and when it is closed.
    """
    reason = _reason(number, because)
    with engine.ledger.write() as connection:
        request = kept.get(connection, number)
        later = due(local_day(request.filed_at, engine.library.settings.zone), MONTHS + MONTHS_PUT_OFF)
        if today(engine) > request.due_on or not kept.put_off(connection, number, later, reason):
            message = "a request is put off once, while it is open and before it is due"
            raise AuthorError.about(str(number), message, "cannot_put_off", "answer it")
        _note(engine, connection, "put_off_request", request, {"due_on": later.isoformat()})
        enqueue.request_put_off(connection, request.member_id, request.kind, later, reason, engine.clock.now())
        return kept.get(connection, number)


def close(engine: Engine, number: int, ending: Ending, because: str = "") -> Request:
    """End a request; the member is told that it was done, or why it is refused.

    AuthorError when it has ended before, is refused without a reason, or is an erasure that was not carried out.
    """
    reason = _reason(number, because) if ending is Ending.REFUSED else because.strip()[:_LONGEST]
    now = engine.clock.now()
    with engine.ledger.write() as connection:
        request = kept.get(connection, number)
        if ending is Ending.DONE and request.kind == RequestKind.ERASE and request.closed_at is None:
            message = "an erasure is done when the member is erased, which closes it"
            raise AuthorError.about(str(number), message, "not_erased", "erase, refuse or withdraw it")
        if not kept.close(connection, number, ending, reason or None, engine.actor, now):
            raise _closed(request)
        if ending is Ending.DONE and request.kind == RequestKind.CORRECT:
            leave_word(engine, connection, request.member_id, RequestKind.CORRECT)
        _note(engine, connection, "close_request", request, {"outcome": ending.value})
        if ending is Ending.DONE and request.kind in _TOLD_WHEN_DONE:
            enqueue.request_done(connection, request.member_id, request.kind, now)
        if ending is Ending.REFUSED:
            enqueue.request_refused(connection, request.member_id, request.kind, reason, now)
        return kept.get(connection, number)


def _closed(request: Request) -> AuthorError:
    message = f"it was closed before: {request.outcome}"
    return AuthorError.about(str(request.number), message, "closed_request", "`viesti requests`")


def _reason(number: int, because: str) -> str:
    reason = because.strip()[:_LONGEST]
    if not reason:
        raise AuthorError.about(str(number), "this needs a reason", "no_reason", "say why: the member is told")
    return reason


def _note(engine: Engine, connection: Connection, action: str, request: Request, detail: Mapping[str, object]) -> None:
    about = {"request": request.number, "kind": request.kind, **detail}
    subject = audit.of_member(engine.signer, request.member_id)
    audit.note(connection, engine.clock.now(), engine.actor, action, subject, about)
