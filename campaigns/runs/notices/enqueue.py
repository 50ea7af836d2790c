"""Functions that enqueue notices about a member's own affairs, one for each kind; `notice_sender` sends them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from audiences.access.one_time_codes import CodeRequest
from audiences.consent.consent_state import ConsentEntry
from audiences.people.contact_changes import unproven_changes
from campaigns.core.model.enums import Channel, Choice, Language
from campaigns.core.model.notice_kinds import Notice, NoticeKind
from campaigns.store.people import notice_queue

CONTACT_CHANNELS: Final = {"email": Channel.EMAIL, "phone": Channel.SMS}
"""Channel of a notice to each field of the contact."""


def choices_changed(connection: Connection, member_id: str, entries: Sequence[ConsentEntry], now: datetime) -> None:
    """Confirm changes of a member's choices, made by themselves or on their behalf (C-15); do nothing without entries.

    Call it in the transaction that records the entries. The sender composes the text.
    """
    choices = [[entry.choice, entry.on] for entry in entries if entry.choice != Choice.DECEASED]
    if choices:
        _enqueue(connection, Notice(NoticeKind.CHOICES, member_id, {"choices": choices}), now)


def code_requested(connection: Connection, request: CodeRequest, channel: Channel, now: datetime) -> None:
    """Send the code issued for a request, to the member's known address or to the one to be verified."""
    about = {"challenge": request.challenge, "aim": request.aim.value, "former_codes": request.former_codes}
    _enqueue(connection, Notice(NoticeKind.CODE, request.member_id, about, channel, request.address), now)


def contact_changed(
    connection: Connection,
    member_id: str,
    channel: Channel,
    former_address: str,
    now: datetime,
    change: Row[Any] | None = None,
) -> None:
    """Notify the former address that it is no longer in use; by the link of `change` its owner blocks the change."""
    about = {} if change is None else {"change": change.number, "nonce": change.nonce}
    _enqueue(connection, Notice(NoticeKind.ADDRESS, member_id, about, channel, former_address), now)


def contact_proof(connection: Connection, change: Row[Any], now: datetime) -> None:
    """Ask the new address of a change to confirm itself, by a link and a code."""
    about = {"change": change.number, "nonce": change.proof_nonce}
    notice = Notice(NoticeKind.PROOF, change.member_id, about, CONTACT_CHANNELS[change.field], change.value)
    _enqueue(connection, notice, now)


def request_held(connection: Connection, held: Row[Any], channel: Channel, address: str, now: datetime) -> None:
    """Tell one address of a member that a copy or an erasure was asked for, and how to stop it."""
    about = {
        "request": held.kind,
        "opens_at": held.opens_at.isoformat(),
        "held": held.number,
        "nonce": held.nonce,
    }
    _enqueue(connection, Notice(NoticeKind.HELD, held.member_id, about, channel, address), now)


def caller_code(connection: Connection, check: Row[Any], channel: Channel, address: str, now: datetime) -> None:
    """Send the code of a caller check, to be read out to the agent."""
    about = {"check": check.number, "nonce": check.nonce}
    _enqueue(connection, Notice(NoticeKind.CALLER, check.member_id, about, channel, address), now)


def request_received(connection: Connection, member_id: str, request: str, due: date, now: datetime) -> None:
    """Confirm a request and the date of its answer; `request` is a `RequestKind` value."""
    about = {"request": request, "due": due.isoformat()}
    _enqueue(connection, Notice(NoticeKind.REQUEST, member_id, about), now)


def request_extended(
    connection: Connection, member_id: str, request: str, due: date, reason: str, now: datetime
) -> None:
    """Announce that a request is extended, until when and why; due within the first month (GDPR article 12(3))."""
    about = {"request": request, "due": due.isoformat(), "because": reason}
    _enqueue(connection, Notice(NoticeKind.PUT_OFF, member_id, about), now)


def request_done(connection: Connection, member_id: str, request: str, now: datetime) -> None:
    """Announce that a request was carried out; the member must be told (GDPR article 12(3))."""
    _enqueue(connection, Notice(NoticeKind.DONE, member_id, {"request": request}), now)


def request_refused(connection: Connection, member_id: str, request: str, reason: str, now: datetime) -> None:
    """Announce that a request is refused, why, and where to complain (GDPR article 12(4))."""
    about = {"request": request, "because": reason}
    _enqueue(connection, Notice(NoticeKind.REFUSED, member_id, about), now)


def erased(
    connection: Connection,
    channel: Channel,
    former_address: str,
    language: Language,
    copies: Mapping[str, str],
    now: datetime,
) -> None:
    """Send a last notice to the address of an erased member; the address is deleted with it.

    `copies` has the last day of each kind of copy that goes later.
    """
    about = {"copies": dict(copies)}
    _enqueue(connection, Notice(NoticeKind.ERASED, None, about, channel, former_address, language), now)


def sign_up(
    connection: Connection, number: int, address: str, language: Language, newsletters: Sequence[str], now: datetime
) -> None:
    """Ask the owner of an address to confirm newsletters; `number` is the row of `sign_up`."""
    about = {"newsletters": list(newsletters), "sign_up": number}
    _enqueue(connection, Notice(NoticeKind.SIGN_UP, None, about, Channel.EMAIL, address, language), now)


def already_a_member(connection: Connection, address: str, language: Language, now: datetime) -> None:
    """Answer a newsletter sign-up with a member's address: it is known, and choices are made on the member's page."""
    _enqueue(connection, Notice(NoticeKind.KNOWN, None, {}, Channel.EMAIL, address, language), now)


def _enqueue(connection: Connection, notice: Notice, now: datetime) -> None:
    """Queue a notice; while an address of the member is unproven, the last proven one gets the notice, too."""
    notice_queue.enqueue(connection, notice, now)
    if notice.member_id is None or notice.address is not None or notice.kind is NoticeKind.CODE:
        return
    for name, change in unproven_changes(connection, notice.member_id).items():
        if change.former is not None:
            copy = replace(notice, channel=CONTACT_CHANNELS[name], address=change.former)
            notice_queue.enqueue(connection, copy, now)
