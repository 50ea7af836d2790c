"""Privacy requests of members: filed with a due date, extended once with a reason, closed (GD-07).

Restriction and objection take effect when filed, by choices that plans and claims respect. The other kinds wait for an
agent.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from sqlalchemy import Connection

from audiences.consent import choices
from audiences.consent.consent_state import ConsentEntry, ConsentSource
from audiences.people.contacts import contact_of
from campaigns.core.clock import local_day
from campaigns.core.errors import UserError
from campaigns.core.model.enums import Choice
from campaigns.core.model.privacy_rights import ANSWER_MONTHS, EXTENSION_MONTHS, RequestKind, RequestOutcome, due_date
from campaigns.people.privacy.processors import create_processor_tasks
from campaigns.runs.notices import enqueue
from campaigns.store.people import audit, privacy_requests
from campaigns.store.people.people_tables import PrivacyRequest
from campaigns.workspace.context import Context

IMMEDIATE_CHOICES: Final[Mapping[RequestKind, Choice]] = {
    RequestKind.RESTRICT: Choice.RESTRICTED,
    RequestKind.OBJECT: Choice.NO_MARKETING,
}
"""Choice that a request switches on the moment it is filed (GD-13, GD-16)."""

_NOTIFIED_WHEN_DONE: Final = frozenset({RequestKind.RESTRICT, RequestKind.OBJECT, RequestKind.CORRECT})
"""Other kinds notify by their result: a copy, or the last notice after an erasure (article 12(3))."""

_DAY: Final = r"^\d{4}-\d{2}-\d{2}: "  # before a further correction
_MEMBER: Final = "member"
_MAX_LENGTH: Final = 2_000
MAX_COLLECTED_LENGTH: Final = 10_000  # characters of all corrections that one request collects


def file(context: Context, member_id: str, kind: RequestKind, source: ConsentSource, words: str = "") -> PrivacyRequest:
    """File and confirm a request.

    An open request of the same kind is returned instead; it takes in the text of a further correction. Raises UserError
    when the member is unknown, or when the corrections are too long together. From the web the member is the actor,
    otherwise `context.actor`.
    """
    with context.ledger.write() as connection:
        return file_within(context, connection, member_id, kind, source, words)


def file_within(
    context: Context,
    connection: Connection,
    member_id: str,
    kind: RequestKind,
    source: ConsentSource,
    words: str,
    *,
    is_limited: bool = True,
) -> PrivacyRequest:
    """File and confirm a request in the caller's write transaction, as `file` does.

    Without `is_limited` the corrections may be longer together: a refusal of a change never fails for it.
    """
    now = context.clock.now()
    actor = _MEMBER if source is ConsentSource.WEB else context.actor
    filing = privacy_requests.NewRequest(member_id, kind, source.value, actor, words.strip()[:_MAX_LENGTH])
    contact_of(connection, member_id)
    request, is_new = privacy_requests.file_request(
        connection, filing, now, due_date(local_day(now, context.repository.settings.zone), ANSWER_MONTHS)
    )
    if kind in IMMEDIATE_CHOICES:
        agent = None if actor == _MEMBER else actor
        choices.record_choices(
            connection, [ConsentEntry(member_id, IMMEDIATE_CHOICES[kind].value, True, now, source, agent=agent)]
        )
        if is_new:
            create_processor_tasks(context, connection, member_id, kind)
    if is_new:
        subject = audit.subject_of_member(context.signer, member_id)
        audit.record(connection, now, actor, "file_request", subject, {"request": request.number, "kind": kind.value})
        enqueue.request_received(connection, member_id, kind.value, request.due_on, now)
    elif kind is RequestKind.CORRECT:
        request = _add_words(context, connection, request, filing, is_limited=is_limited)
    return request


def lift_restriction(context: Context, member_id: str) -> bool:
    """Lift the restriction of a member who asks for it, and confirm that; return whether one held (GD-13, C-12)."""
    now = context.clock.now()
    with context.ledger.write() as connection:
        contact_of(connection, member_id)
        if Choice.RESTRICTED not in choices.consent_state_of(connection, member_id).on:
            return False
        entry = ConsentEntry(member_id, Choice.RESTRICTED.value, False, now, ConsentSource.WEB)
        choices.record_choices(connection, [entry])
        enqueue.choices_changed(connection, member_id, [entry], now)
        for request in privacy_requests.list_for_member(connection, member_id):
            if request.kind == RequestKind.RESTRICT and request.closed_at is None:
                privacy_requests.close(connection, request.number or 0, RequestOutcome.WITHDRAWN, None, _MEMBER, now)
        audit.record(
            connection, now, _MEMBER, "lift_restriction", audit.subject_of_member(context.signer, member_id), {}
        )
    return True


def _add_words(
    context: Context,
    connection: Connection,
    request: PrivacyRequest,
    filing: privacy_requests.NewRequest,
    *,
    is_limited: bool,
) -> PrivacyRequest:
    """Put the text of a further correction before those on record, with its day; the newest is not repeated."""
    newest = re.sub(_DAY, "", request.words)
    if not filing.words or newest == filing.words or newest.startswith(f"{filing.words}\n\n"):
        return request
    day = local_day(context.clock.now(), context.repository.settings.zone)
    words = f"{day}: {filing.words}\n\n{request.words}"
    if is_limited and len(words) > MAX_COLLECTED_LENGTH:
        message = "the corrections of this request are too long together"
        raise UserError.about(str(request.number), message, "long_request", "answer the open request first")
    subject = audit.subject_of_member(context.signer, filing.member_id)
    detail = {"request": request.number, "kind": request.kind}
    audit.record(connection, context.clock.now(), filing.by, "add_to_request", subject, detail)
    return privacy_requests.replace_words(connection, request.number or 0, words)


def list_open(context: Context) -> Sequence[PrivacyRequest]:
    """Return the open requests, most urgent first."""
    with context.ledger.read() as connection:
        return privacy_requests.list_open(connection)


def get_open(context: Context, number: int) -> PrivacyRequest:
    """Return an open request; raise UserError when the number is unknown or the request is closed."""
    with context.ledger.read() as connection:
        request = privacy_requests.get(connection, number)
    if request.closed_at is not None:
        raise _closed(request)
    return request


def today(context: Context) -> date:
    """Return the day that due dates are compared with."""
    return local_day(context.clock.now(), context.repository.settings.zone)


def extend(context: Context, number: int, explanation: str) -> PrivacyRequest:
    """Extend the due date of a complex request, and notify the member of the new date and the reason.

    Raises UserError without a reason, after the due date, for a second time, and for a closed request.
    """
    reason = _reason(number, explanation)
    with context.ledger.write() as connection:
        request = privacy_requests.get(connection, number)
        new_due_date = due_date(
            local_day(request.filed_at, context.repository.settings.zone), ANSWER_MONTHS + EXTENSION_MONTHS
        )
        if today(context) > request.due_on or not privacy_requests.extend_due_date(
            connection, number, new_due_date, reason
        ):
            message = "a request is put off once, while it is open and before it is due"
            raise UserError.about(str(number), message, "cannot_put_off", "answer it")
        _note(context, connection, "put_off_request", request, {"due_on": new_due_date.isoformat()})
        enqueue.request_extended(connection, request.member_id, request.kind, new_due_date, reason, context.clock.now())
        return privacy_requests.get(connection, number)


def close(context: Context, number: int, ending: RequestOutcome, explanation: str = "") -> PrivacyRequest:
    """Close a request, and notify the member that it was done, or why it was refused.

    Raises UserError when it is closed already, refused without a reason, or an erasure that was not carried out.
    """
    reason = _reason(number, explanation) if ending is RequestOutcome.REFUSED else explanation.strip()[:_MAX_LENGTH]
    now = context.clock.now()
    with context.ledger.write() as connection:
        request = privacy_requests.get(connection, number)
        if ending is RequestOutcome.DONE and request.kind == RequestKind.ERASE and request.closed_at is None:
            message = "an erasure is done when the member is erased, which closes it"
            raise UserError.about(str(number), message, "not_erased", "erase, refuse or withdraw it")
        if not privacy_requests.close(connection, number, ending, reason or None, context.actor, now):
            raise _closed(request)
        if ending is RequestOutcome.DONE and request.kind == RequestKind.CORRECT:
            create_processor_tasks(context, connection, request.member_id, RequestKind.CORRECT)
        _note(context, connection, "close_request", request, {"outcome": ending.value})
        if ending is RequestOutcome.DONE and request.kind in _NOTIFIED_WHEN_DONE:
            enqueue.request_done(connection, request.member_id, request.kind, now)
        if ending is RequestOutcome.REFUSED:
            enqueue.request_refused(connection, request.member_id, request.kind, reason, now)
        return privacy_requests.get(connection, number)


def _closed(request: PrivacyRequest) -> UserError:
    message = f"it was closed before: {request.outcome}"
    return UserError.about(str(request.number), message, "closed_request", "`viesti requests`")


def _reason(number: int, explanation: str) -> str:
    reason = explanation.strip()[:_MAX_LENGTH]
    if not reason:
        raise UserError.about(str(number), "this needs a reason", "no_reason", "say why: the member is told")
    return reason


def _note(
    context: Context, connection: Connection, action: str, request: PrivacyRequest, detail: Mapping[str, object]
) -> None:
    full_detail = {"request": request.number, "kind": request.kind, **detail}
    subject = audit.subject_of_member(context.signer, request.member_id)
    audit.record(connection, context.clock.now(), context.actor, action, subject, full_detail)
