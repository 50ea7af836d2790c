"""Mail that came back, from a maildir: bounces, complaints, and the mails that unsubscribe (SM-04, E-26).

What strangers write can be anything: at worst a mail says nothing to us. Nothing is ever answered (E-06).
"""

import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import Message
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG
from typing import Final

from sqlalchemy import Connection

from audiences.consent.consent_state import Source
from audiences.consent.opt_out import Kind, Saying, end_for_address
from audiences.people.contacts import known
from campaigns.channels.bounces import events_of, opaque_id_of
from campaigns.channels.events import Event, EventWord
from campaigns.core.errors import AuthorError
from campaigns.core.tokens import BadToken, Signer
from campaigns.results.feedback.ingest import hear
from campaigns.runs.engine import Engine
from campaigns.store.runs.linked_message import Linked, linked

PROVIDER: Final = "mailto"
_LOG: Final = logging.getLogger("viesti")
_AT_ONCE: Final = 50
_LARGEST: Final = 2 * 1024 * 1024  # no report is longer; one that returns all of our mail is not either
_SCOPE: Final = "unsubscribe"
_ENVELOPE: Final = ("X-Original-To", "Envelope-To", "Delivered-To", "To")
_ADDRESS: Final = re.compile(r"[^\s<>,;:\"]+@[^\s<>,;:\"]+")


@dataclass(frozen=True, slots=True)
class Read:
    """What one mail says: events of deliveries, and the message that it unsubscribes from."""

    name: str
    events: Sequence[Event]
    token: str = ""


@dataclass(frozen=True, slots=True)
class Sorted:
    """How many mails were read, how many events they told that were new, and how many unsubscribed."""

    mails: int
    events: int
    unsubscribed: int


def read_mail(engine: Engine) -> Sorted:
    """Read every new mail of the maildir that the settings name, in the order of arrival.

    A mail is moved to `cur` after the commit of what it says; killed before, it is read again and changes nothing.
    AuthorError when there is no such maildir, and, after all others were read, for mail that may not be read: it stays.
    """
    mails = events = unsubscribed = 0
    closed: list[Path] = []
    new = maildir(engine) / "new"
    waiting = sorted(file for file in new.iterdir() if not file.name.startswith("."))
    for start in range(0, len(waiting), _AT_ONCE):
        files = waiting[start : start + _AT_ONCE]
        now = engine.clock.now()
        read = [found for file in files if (found := _read(file, now, closed)) is not None]
        with engine.ledger.write() as connection:
            events += hear(connection, engine.signer, [event for each in read for event in each.events], now).kept
            unsubscribed += sum(_unsubscribe(connection, engine.signer, each, now) for each in read)
        away = [file for file in files if file not in closed]
        for file in away:
            _put_away(file)
        mails += len(away)
    if closed:
        message = f"{len(closed)} of the mails here cannot be read"
        raise AuthorError.about(str(closed[0]), message, "unreadable_mail", "let whoever runs viesti read them")
    return Sorted(mails, events, unsubscribed)


def read_new_mail(engine: Engine) -> None:
    """Read what has come, where the settings name a maildir at all; cheap when nothing has."""
    if engine.library.settings.channels.email.maildir is None:
        return
    with os.scandir(maildir(engine) / "new") as waiting:
        is_there = any(not file.name.startswith(".") for file in waiting)
    if is_there:
        read_mail(engine)


def read_one(raw: bytes, now: datetime) -> Read:
    """What one mail says; nothing, when it cannot be read."""
    name = sha256(raw).hexdigest()
    try:
        mail = message_from_bytes(raw, policy=policy.compat32)
        to = _came_to(mail)
        token = "" if _is_automatic(mail) else str(mail.get("Subject", "")).strip()
        return Read(name, events_of(raw, to, now), token)
    except Exception as error:  # the parser of mail gives way in many ways, and this is a stranger's mail
        _LOG.warning("mail %s: not understood, %s", name[:16], type(error).__name__)
        return Read(name, ())


def maildir(engine: Engine) -> Path:
    """The folder that mail comes to; AuthorError when the settings name none, or it is none."""
    named = engine.library.settings.channels.email.maildir
    settings = str(engine.workspace.settings)
    if named is None:
        hint = "`channels.email.maildir` names the folder that bounces are delivered to"
        raise AuthorError.about(settings, "the settings name no maildir", "no_maildir", hint)
    folder = engine.workspace.root / named
    if not all((folder / part).is_dir() for part in ("new", "cur", "tmp")):
        hint = "let the mail server deliver there, or make the folders `new`, `cur` and `tmp`"
        raise AuthorError.about(settings, f"{named} is no maildir", "no_maildir", hint)
    return folder


def _read(file: Path, now: datetime, closed: list[Path]) -> Read | None:
    """A mail of the folder; None for what is no mail, was taken by another process, or is `closed` to us."""
    try:
        facts = file.lstat()
        if S_ISREG(facts.st_mode) and facts.st_size <= _LARGEST:
            return read_one(file.read_bytes(), now)
        _LOG.warning("mail of %d bytes: passed over, too large or no file", facts.st_size)
    except FileNotFoundError:
        pass
    except PermissionError:
        closed.append(file)
    return None


def _put_away(file: Path) -> None:
    """Move a mail to `cur`, marked as seen; another process may have been faster."""
    with suppress(FileNotFoundError):
        file.rename(file.parent.parent / "cur" / f"{file.name.partition(':')[0]}:2,S")


def _came_to(mail: Message) -> str:
    """The address that a mail came to: the first of ours that names a delivery, for servers write down several."""
    found = list(_addresses(mail))
    return next((address for address in found if opaque_id_of(address)), next(iter(found), ""))


def _addresses(mail: Message) -> Iterator[str]:
    for header in _ENVELOPE:
        for value in mail.get_all(header, ()):
            yield from _ADDRESS.findall(str(value)[:1000])


def _is_automatic(mail: Message) -> bool:
    """Whether nobody sat and wrote it: an absence note is no wish (E-06, RFC 3834)."""
    submitted = str(mail.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()
    return submitted != "no" or mail.get_content_type() == "multipart/report"


def _unsubscribe(connection: Connection, signer: Signer, read: Read, now: datetime) -> bool:
    """End what the message of the token was one of, for all who share its address; whether anything was new."""
    try:
        link = signer.read(_SCOPE, read.token)
    except BadToken:
        return False
    message = linked(connection, link.run_number, link.position)
    if message is None or not known(connection, [message.member_id]):
        return False
    name = signer.delivery_name(link.run_number, link.position)
    hear(connection, signer, [Event(PROVIDER, read.name, EventWord.UNSUBSCRIBED, now, delivery=name)], now)
    return end_for_address(connection, _kind(message), message.member_id, Saying(now, Source.MAIL)) > 0


def _kind(message: Linked) -> Kind:
    return Kind(message.purpose, message.channel, message.partner is not None, message.newsletter)
