"""Proof and refusal of changed contacts, and the wait after a change: the one rule for whatever leaves us.

A copy of a member's data and an erasure wait for `contact_changes.WAIT` after any change of e-mail or telephone. Every
path to them asks `require_no_wait`: the member's pages, the queue of the desk, the commands of an operator.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from audiences.access import one_time_codes, sessions
from audiences.consent.consent_state import ConsentSource
from audiences.people import contact_changes, contacts, held_requests
from audiences.people.contact_changes import CHANNEL_FIELDS, ChangeOrigin, NewChange
from audiences.people.contacts import contact_of
from campaigns.core.errors import UserError
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.people.privacy import requests
from campaigns.runs.notices import enqueue
from campaigns.runs.notices.enqueue import CONTACT_CHANNELS
from campaigns.store.people import audit
from campaigns.workspace.context import Context

_MEMBER = "member"


@dataclass(frozen=True, slots=True)
class HeldUntil:
    """Request on hold, and the moment from which it is carried out."""

    kind: RequestKind
    opens_at: datetime


def record_and_tell(connection: Connection, change: NewChange, now: datetime) -> Row[Any]:
    """Record a change of contact; tell the last proven address, and ask the new one to confirm itself."""
    row = contact_changes.record_change(connection, change, now)
    if row.former is not None and row.former != row.value:
        enqueue.contact_changed(connection, row.member_id, CONTACT_CHANNELS[row.field], row.former, now, row)
    if row.proven_at is None:
        enqueue.contact_proof(connection, row, now)
    return row


def require_no_wait(context: Context, member_id: str, *, despite_wait: bool = False) -> None:
    """Raise UserError while the contact of a member changed lately; with `despite_wait` leave an audit row instead."""
    now = context.clock.now()
    with context.ledger.read() as connection:
        opens = contact_changes.opens_at(connection, member_id, now)
    if opens is None:
        return
    if not despite_wait:
        moment = f"{opens.astimezone(context.repository.settings.zone):%Y-%m-%d %H:%M}"
        raise UserError.about(
            member_id,
            f"the contact of this member changed lately: this waits until {moment}",
            "contact_changed",
            "wait, or make sure in another way who asks and repeat the command with --despite-wait",
        )
    with context.ledger.write() as connection:
        _note(context, connection, "despite_wait", member_id, {})


def hold_while_waiting(context: Context, member_id: str, kind: RequestKind) -> HeldUntil | None:
    """Put a member's request on hold if it has to wait, and tell all known addresses; None when nothing waits."""
    now = context.clock.now()
    with context.ledger.write() as connection:
        opens = contact_changes.opens_at(connection, member_id, now)
        if opens is None:
            return None
        held, is_new = held_requests.hold_request(connection, member_id, kind.value, opens, now)
        if is_new:
            for name, addresses in known_addresses(connection, member_id).items():
                for address in sorted(addresses):
                    enqueue.request_held(connection, held, CONTACT_CHANNELS[name], address, now)
            _note(context, connection, "hold_request", member_id, {"kind": kind.value}, _MEMBER)
    return HeldUntil(kind, opens)


def known_addresses(connection: Connection, member_id: str) -> Mapping[str, frozenset[str]]:
    """Return the present and the former e-mail addresses and numbers of a member, each once."""
    contact = contact_of(connection, member_id)
    former = contact_changes.former_values(connection, member_id)
    return {name: former[name] | ({contact[name]} if contact[name] else frozenset()) for name in CHANNEL_FIELDS}


def send_proof_again(context: Context, member_id: str, field_name: str) -> bool:
    """Send a new code and link to an unproven value; False when there is none."""
    now = context.clock.now()
    with context.ledger.write() as connection:
        change = _provable(connection, member_id, field_name)
        if change is None:
            return False
        enqueue.contact_proof(connection, contact_changes.renew_proof(connection, change, now), now)
        _note(context, connection, "send_proof", member_id, {"field": field_name})
    return True


def prove_by_code(context: Context, member_id: str, field_name: str, code: str) -> bool:
    """Prove a value by the code that the member read out; False when it is wrong, used up or too old."""
    now = context.clock.now()
    with context.ledger.write() as connection:
        change = _provable(connection, member_id, field_name)
        is_right = change is not None and contact_changes.prove_by_code(connection, context.signer, change, code, now)
        detail = {"field": field_name, "proof": "code", "right": is_right}
        _note(context, connection, "prove_contact", member_id, detail)
    return is_right


def wrong_code(field_name: str) -> UserError:
    """Return the error for a code that does not prove an address."""
    hint = "ask for the newest message, or send the code again"
    return UserError.about(field_name, "this code is wrong, used or too old", "proof_wrong", hint)


def prove_by_link(context: Context, number: int, nonce: int) -> bool:
    """Prove a value by the link that was sent to it; False for an old, a used or a refused one."""
    now = context.clock.now()
    with context.ledger.write() as connection:
        change = contact_changes.prove_by_link(connection, number, nonce, now)
        if change is None:
            return False
        detail = {"field": change.field, "proof": "link", "right": True}
        _note(context, connection, "prove_contact", change.member_id, detail, _MEMBER)
    return True


def refuse_change(context: Context, number: int, nonce: int, words: str) -> bool:
    """Block a change of contact by the link of the former address; False when it is unknown or refused already.

    Ends the member's sessions and codes, starts the wait anew, and puts a correction into the queue with `words`. An
    unproven value is replaced by the former one.
    """
    now = context.clock.now()
    with context.ledger.write() as connection:
        change = contact_changes.change_of_link(connection, number, nonce, proving=False)
        if change is None or change.refused_at is not None:
            return False
        restored = contact_changes.refuse_change(connection, change, now)
        if restored is not None:
            _restore(connection, change, restored, now)
        _end_access(connection, change.member_id)
        held_requests.refuse_requests(connection, change.member_id, now)
        detail = {"field": change.field, "origin": change.origin, "restored": restored is not None}
        _note(context, connection, "refuse_contact_change", change.member_id, detail, _MEMBER)
        _file_correction(context, connection, change.member_id, words)
    return True


def refuse_held_request(context: Context, number: int, nonce: int, words: str) -> bool:
    """Cancel the requests on hold of a member by the link in a notice; False when unknown or cancelled already.

    Ends the member's sessions and codes, starts the wait anew, and puts a correction into the queue with `words`.
    """
    now = context.clock.now()
    with context.ledger.write() as connection:
        held = held_requests.request_of_link(connection, number, nonce)
        if held is None or held.refused_at is not None or held.opens_at <= now:
            return False
        held_requests.refuse_requests(connection, held.member_id, now)
        _end_access(connection, held.member_id)
        _note(context, connection, "refuse_held_request", held.member_id, {"kind": held.kind}, _MEMBER)
        _file_correction(context, connection, held.member_id, words)
    return True


def _restore(connection: Connection, change: Row[Any], value: str, now: datetime) -> None:
    before = contact_of(connection, change.member_id)
    restored = {"member_id": change.member_id, change.field: value}
    contacts.upsert_contacts(connection, [restored], before["language"])
    new = NewChange(change.member_id, change.field, before[change.field], value, ChangeOrigin.REFUSAL, proven=True)
    contact_changes.record_change(connection, new, now)


def _file_correction(context: Context, connection: Connection, member_id: str, words: str) -> None:
    """Put a refusal into the queue of the desk, however much of it a stranger has filled."""
    correct, source = RequestKind.CORRECT, ConsentSource.WEB
    requests.file_within(context, connection, member_id, correct, source, words, is_limited=False)


def _end_access(connection: Connection, member_id: str) -> None:
    """End the sessions and codes of a member: one of them may be a stranger's."""
    sessions.end_sessions(connection, member_id)
    one_time_codes.end_codes(connection, member_id)


def _provable(connection: Connection, member_id: str, field_name: str) -> Row[Any] | None:
    change = contact_changes.unproven_changes(connection, member_id).get(field_name)
    return None if change is None or change.refused_at is not None else change


def _note(
    context: Context,
    connection: Connection,
    action: str,
    member_id: str,
    detail: Mapping[str, Any],
    actor: str | None = None,
) -> None:
    subject = audit.subject_of_member(context.signer, member_id)
    audit.record(connection, context.clock.now(), actor or context.actor, action, subject, detail)
