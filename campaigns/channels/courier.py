"""What carries a one-time code, or a word about a change, to one address at once: no campaign, no claim, no plan."""

import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Protocol

from campaigns.channels.outbox import put
from campaigns.spec.words import Channel


@dataclass(frozen=True, slots=True)
class Note:
    """A few words to one member at one address, an e-mail address or a telephone number by `channel`."""

    channel: Channel
    address: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)


class Courier(Protocol):
    """Carries notes."""

    def carry(self, note: Note, now: datetime) -> None:
        """Hand the note over; raises OSError when that was not possible."""


@dataclass(frozen=True, slots=True)
class FolderCourier:
    """Writes into `outbox/codes` for development: an e-mail as `.eml`, a text message as `.json`. Sends nothing."""

    outbox: Path
    sender: str

    def carry(self, note: Note, now: datetime) -> None:
        """Write one file, into a folder that only its owner can open."""
        folder = self.outbox / "codes"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        if note.channel is Channel.EMAIL:
            put(folder / f"{name}.eml", self._email(note, now))
        else:
            put(
                folder / f"{name}.json",
                json.dumps({"to": note.address, "text": note.text}, ensure_ascii=False).encode(),
            )

    def _email(self, note: Note, now: datetime) -> bytes:
        message = EmailMessage(SMTP)
        message["From"], message["To"], message["Subject"] = self.sender, note.address, note.subject
        message["Date"] = now
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(note.text)
        return message.as_bytes()
