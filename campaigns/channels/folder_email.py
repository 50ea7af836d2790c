"""E-mail into files, for development: one `.eml` a message, its pictures inside, nothing sent."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import Message
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path
from typing import Final

from campaigns.channels.outbox import put, run_folder, safe_name
from campaigns.channels.outcome import Accepted, ChannelMisconfigured, Outcome
from campaigns.channels.provider import OutgoingEmail

_WIRE: Final = policy.compat32.clone(linesep="\r\n", mangle_from_=False)  # headers go through as they are


@dataclass(frozen=True)
class FolderEmail:
    """Writes `outbox/<run>/email/<position>-<opaque id>-<attempt>.eml`.

    The same attempt written again replaces its file; another attempt of the same delivery makes a second one, so
    that a message sent twice shows.
    """

    outbox: Path
    images: Path
    public_url: str
    _read: dict[str, bytes | None] = field(default_factory=dict, init=False, repr=False)

    async def open(self) -> None:
        """Nothing is needed."""

    async def close(self) -> None:
        """Nothing is kept."""

    async def send(self, message: OutgoingEmail) -> Outcome:
        """Write the message; a folder that cannot be written to is a misconfigured channel."""
        try:
            return await asyncio.to_thread(self._write, message)
        except OSError as error:
            raise ChannelMisconfigured(f"the outbox cannot be written to: {error.strerror}") from error

    def _write(self, message: OutgoingEmail) -> Outcome:
        claimed = message.claimed
        folder = run_folder(self.outbox, claimed.run) / "email"
        folder.mkdir(exist_ok=True)
        name = safe_name(f"{claimed.position:07d}-{claimed.opaque_id}-{claimed.attempt}.eml")
        put(folder / name, self_contained(message, self._pictures(message.html)))
        return Accepted(name)

    def _pictures(self, html: str) -> dict[str, bytes]:
        """The pictures of the workspace that the HTML shows, by address."""
        prefix = f"{self.public_url.rstrip('/')}/images/"
        found: dict[str, bytes] = {}
        for path in re.findall(re.escape(prefix) + r"([a-z0-9_/-]+\.png)", html):
            if path not in self._read:
                file = self.images / path
                self._read[path] = file.read_bytes() if file.is_file() else None
            data = self._read[path]
            if data is not None:
                found[prefix + path] = data
        return found


def self_contained(message: OutgoingEmail, pictures: Mapping[str, bytes]) -> bytes:
    """The message with `pictures` (by address) inside, so that it reads the same without a server."""
    if not pictures:
        return message.mime
    names = {address: f"picture{number}@viesti" for number, address in enumerate(pictures, start=1)}
    html = message.html
    for address, name in names.items():
        html = html.replace(address, f"cid:{name}")
    related = MIMEMultipart("related", boundary=f"=_pictures-{message.claimed.opaque_id}")
    related.attach(MIMEText(html, "html", "utf-8"))
    for address, data in pictures.items():
        related.attach(_picture(names[address], data))
    tree = message_from_bytes(message.mime)
    _replace_html(tree, related)
    return tree.as_bytes(policy=_WIRE)


def _picture(name: str, data: bytes) -> MIMEImage:
    part = MIMEImage(data, "png")
    part.add_header("Content-ID", f"<{name}>")
    part.add_header("Content-Disposition", "inline")
    return part


def _replace_html(tree: Message, related: MIMEMultipart) -> None:
    """Let the message's HTML part become the HTML with its pictures."""
    part = next(part for part in tree.walk() if part.get_content_type() == "text/html")
    for header in part.keys():  # noqa: SIM118 - a message is no mapping
        del part[header]
    for header, value in related.items():
        part[header] = value
    part.set_payload(related.get_payload())
