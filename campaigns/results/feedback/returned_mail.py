"""Returned mail from a maildir: bounces, complaints and unsubscribe mails (SM-04, E-26).

The content is untrusted: an unreadable mail counts as empty. No mail is ever answered (E-06).
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

from audiences.consent.consent_state import ConsentSource
from audiences.consent.opt_out import ConsentContext, opt_out_address
from audiences.people.contacts import existing_members
from campaigns.channels.bounces import opaque_id_of, parse_report_mail
from campaigns.channels.events import Event, EventKind
from campaigns.core.errors import UserError
from campaigns.core.tokens import InvalidTokenError, Signer
from campaigns.results.feedback.apply_events import message_kind
from campaigns.results.feedback.ingest import ingest
from campaigns.store.runs.linked_message import find_message
from campaigns.workspace.context import Context

PROVIDER: Final = "mailto"
_LOG: Final = logging.getLogger("viesti")
_AT_ONCE: Final = 50
_MAX_SIZE: Final = 2 * 1024 * 1024  # more than any report, even one that returns our whole mail
_SCOPE: Final = "unsubscribe"
_RECIPIENT_HEADERS: Final = ("X-Original-To", "Envelope-To", "Delivered-To", "To")
_ADDRESS: Final = re.compile(r"[^\s<>,;:\"]+@[^\s<>,;:\"]+")


@dataclass(frozen=True, slots=True)
class MailReport:
    """Content of one mail: delivery events, and the token of the message that it unsubscribes from."""

    name: str
    events: Sequence[Event]
    token: str = ""


@dataclass(frozen=True, slots=True)
class MailCounts:
    """Number of mails read, of new events, and of unsubscribes."""

    mails: int
    events: int
    unsubscribed: int


def read_mail(context: Context) -> MailCounts:
    """Read every new mail of the configured maildir, in order of arrival.

    A mail is moved to `cur` after the commit; after a crash it is read again, which changes nothing. Raises UserError
    when there is no maildir, and, after all others, for mails without read permission: they stay.
    """
    mails = events = unsubscribed = 0
    unreadable: list[Path] = []
    new = maildir(context) / "new"
    waiting = sorted(file for file in new.iterdir() if not file.name.startswith("."))
    for start in range(0, len(waiting), _AT_ONCE):
        files = waiting[start : start + _AT_ONCE]
        now = context.clock.now()
        reports = [report for file in files if (report := _read(file, now, unreadable)) is not None]
        with context.ledger.write() as connection:
            events += ingest(
                connection, context.signer, [event for report in reports for event in report.events], now
            ).new
            unsubscribed += sum(_unsubscribe(connection, context.signer, report, now) for report in reports)
        finished = [file for file in files if file not in unreadable]
        for file in finished:
            _move_to_cur(file)
        mails += len(finished)
    if unreadable:
        message = f"{len(unreadable)} of the mails here cannot be read"
        raise UserError.about(
            str(unreadable[0]), message, "unreadable_mail", "give the user that runs viesti read permission"
        )
    return MailCounts(mails, events, unsubscribed)


def read_new_mail(context: Context) -> None:
    """Read new mail if a maildir is configured; cheap when there is none."""
    if context.repository.settings.channels.email.maildir is None:
        return
    with os.scandir(maildir(context) / "new") as waiting:
        is_there = any(not file.name.startswith(".") for file in waiting)
    if is_there:
        read_mail(context)


def parse_mail(raw: bytes, now: datetime) -> MailReport:
    """Return the content of one mail; empty when it cannot be parsed."""
    name = sha256(raw).hexdigest()
    try:
        mail = message_from_bytes(raw, policy=policy.compat32)
        recipient = _recipient(mail)
        token = "" if _is_automatic(mail) else str(mail.get("Subject", "")).strip()
        return MailReport(name, parse_report_mail(raw, recipient, now), token)
    except Exception as error:  # the mail parser raises many kinds of errors on untrusted mail
        _LOG.warning("mail %s: cannot be parsed, %s", name[:16], type(error).__name__)
        return MailReport(name, ())


def maildir(context: Context) -> Path:
    """Return the maildir; raise UserError when none is configured, or the folder is not a maildir."""
    path = context.repository.settings.channels.email.maildir
    settings = str(context.workspace.settings)
    if path is None:
        hint = "`channels.email.maildir` names the folder that bounces are delivered to"
        raise UserError.about(settings, "the settings name no maildir", "no_maildir", hint)
    folder = context.workspace.root / path
    if not all((folder / part).is_dir() for part in ("new", "cur", "tmp")):
        hint = "let the mail server deliver there, or make the folders `new`, `cur` and `tmp`"
        raise UserError.about(settings, f"{path} is no maildir", "no_maildir", hint)
    return folder


def _read(file: Path, now: datetime, unreadable: list[Path]) -> MailReport | None:
    """Return the content of a mail file; None if it is no mail, another process took it, or reading it is forbidden."""
    try:
        stat = file.lstat()
        if S_ISREG(stat.st_mode) and stat.st_size <= _MAX_SIZE:
            return parse_mail(file.read_bytes(), now)
        _LOG.warning("mail of %d bytes: skipped, too large or not a file", stat.st_size)
    except FileNotFoundError:
        pass
    except PermissionError:
        unreadable.append(file)
    return None


def _move_to_cur(file: Path) -> None:
    """Move a mail to `cur`, marked as seen; another process may have moved it already."""
    with suppress(FileNotFoundError):
        file.rename(file.parent.parent / "cur" / f"{file.name.partition(':')[0]}:2,S")


def _recipient(mail: Message) -> str:
    """Return the recipient address: the first that names a delivery, since servers record several."""
    candidates = list(_addresses(mail))
    return next((address for address in candidates if opaque_id_of(address)), next(iter(candidates), ""))


def _addresses(mail: Message) -> Iterator[str]:
    for header in _RECIPIENT_HEADERS:
        for value in mail.get_all(header, ()):
            yield from _ADDRESS.findall(str(value)[:1000])


def _is_automatic(mail: Message) -> bool:
    """Return whether the mail was sent automatically: an absence note is no opt-out (E-06, RFC 3834)."""
    submitted = str(mail.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()
    return submitted != "no" or mail.get_content_type() == "multipart/report"


def _unsubscribe(connection: Connection, signer: Signer, report: MailReport, now: datetime) -> bool:
    """Opt out of the kind of the token's message, for all who share the address; return whether that was new."""
    try:
        link = signer.read_link(_SCOPE, report.token)
    except InvalidTokenError:
        return False
    message = find_message(connection, link.run_number, link.position)
    if message is None or not existing_members(connection, [message.member_id]):
        return False
    name = signer.delivery_reference(link.run_number, link.position)
    ingest(connection, signer, [Event(PROVIDER, report.name, EventKind.UNSUBSCRIBED, now, delivery=name)], now)
    return (
        opt_out_address(connection, message_kind(message), message.member_id, ConsentContext(now, ConsentSource.MAIL))
        > 0
    )
