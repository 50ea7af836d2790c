"""What a member is told of their own affairs: one function a kind of note. The courier carries them (`courier`)."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Connection

from audiences.access.one_time_codes import Asked
from audiences.consent.consent_state import Entry
from campaigns.core.model.enums import Channel, Choice, Language
from campaigns.core.model.notice_kinds import Note, NoteKind
from campaigns.store.people import notice_queue


def choices_changed(connection: Connection, member_id: str, entries: Sequence[Entry], now: datetime) -> None:
    """Confirm what was changed of a member's choices, by themselves or on their behalf (C-15); nothing for no entry.

    Call it in the transaction that records the entries. The words of the note are the courier's.
    """
    said = [[entry.choice, entry.on] for entry in entries if entry.choice != Choice.DECEASED]
    if said:
        notice_queue.leave(connection, Note(NoteKind.CHOICES, member_id, {"choices": said}), now)


def code_asked(connection: Connection, asked: Asked, channel: Channel, now: datetime) -> None:
    """Send the code that was issued for what was asked, to the member's known address or to the one to be proved."""
    about = {"challenge": asked.challenge, "aim": asked.aim.value}
    notice_queue.leave(connection, Note(NoteKind.CODE, asked.member_id, about, channel, asked.address), now)


def contact_changed(connection: Connection, member_id: str, channel: Channel, former: str, now: datetime) -> None:
    """Tell the address that was in use until now that it is not any more."""
    notice_queue.leave(connection, Note(NoteKind.ADDRESS, member_id, {}, channel, former), now)


def request_received(connection: Connection, member_id: str, request: str, due: date, now: datetime) -> None:
    """Say that a request has come and when it will be answered; `request` is one of the words in `note_templates`."""
    about = {"request": request, "due": due.isoformat()}
    notice_queue.leave(connection, Note(NoteKind.REQUEST, member_id, about), now)


def request_put_off(
    connection: Connection, member_id: str, request: str, due: date, because: str, now: datetime
) -> None:
    """Say until when a request is put off, and why: the member is owed that within the first month (article 12(3))."""
    about = {"request": request, "due": due.isoformat(), "because": because}
    notice_queue.leave(connection, Note(NoteKind.PUT_OFF, member_id, about), now)


def request_done(connection: Connection, member_id: str, request: str, now: datetime) -> None:
    """Say that what was asked for has been done: the member is owed word of it (article 12(3))."""
    notice_queue.leave(connection, Note(NoteKind.DONE, member_id, {"request": request}), now)


def request_refused(connection: Connection, member_id: str, request: str, because: str, now: datetime) -> None:
    """Say that a request is refused and why, and who hears complaints (article 12(4))."""
    about = {"request": request, "because": because}
    notice_queue.leave(connection, Note(NoteKind.REFUSED, member_id, about), now)


def erased(connection: Connection, channel: Channel, former: str, language: Language, now: datetime) -> None:
    """Say a last word to the address of somebody who was erased; the courier forgets it with that."""
    notice_queue.leave(connection, Note(NoteKind.ERASED, None, {}, channel, former, language), now)


def sign_up(
    connection: Connection, number: int, address: str, language: Language, newsletters: Sequence[str], now: datetime
) -> None:
    """Ask the owner of an address whether they want newsletters; `number` is of the row of `sign_up`."""
    about = {"newsletters": list(newsletters), "sign_up": number}
    notice_queue.leave(connection, Note(NoteKind.SIGN_UP, None, about, Channel.EMAIL, address, language), now)


def known_already(connection: Connection, address: str, language: Language, now: datetime) -> None:
    """Tell the owner of an address, for which newsletters were asked, that it is a member's and where these choose."""
    notice_queue.leave(connection, Note(NoteKind.KNOWN, None, {}, Channel.EMAIL, address, language), now)
