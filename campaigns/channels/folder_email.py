"""E-mail into files, for development: one `.eml` a message, its pictures inside, nothing sent."""

import asyncio
import re
from base64 import encodebytes
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from campaigns.channels.folder_outbox import put, run_folder, safe_name
from campaigns.channels.outcome import Accepted, ChannelMisconfigured, Outcome
from campaigns.channels.provider import OutgoingEmail

_BOUNDARY: Final = re.compile(rb'^Content-Type: multipart/alternative;\s+boundary="([^"]+)"', re.MULTILINE)
_HTML: Final = re.compile(rb"\r\nContent-Type: text/html\b")
_HTML_HEAD: Final = b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
_PICTURE: Final = (
    "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n"
    "Content-ID: <picture{number}@viesti>\r\nContent-Disposition: inline\r\n\r\n"
)


@dataclass(frozen=True)
class FolderEmail:
    """Writes `outbox/<run>/email/<position>-<opaque id>-<attempt>.eml`.

    The same attempt written again replaces its file; another attempt of the same delivery makes a second one, so
    that a message sent twice shows.
    """

    outbox: Path
    images: Path
    public_url: str
    _encoded: dict[str, bytes | None] = field(default_factory=dict, init=False, repr=False)

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
        """The pictures of the workspace that the HTML shows, by address, encoded once."""
        prefix = f"{self.public_url.rstrip('/')}/images/"
        found: dict[str, bytes] = {}
        for path in re.findall(re.escape(prefix) + r"([a-z0-9_/-]+\.png)", html):
            if path not in self._encoded:
                file = self.images / path
                self._encoded[path] = _base64(file.read_bytes()) if file.is_file() else None
            picture = self._encoded[path]
            if picture is not None:
                found[prefix + path] = picture
        return found


def self_contained(message: OutgoingEmail, pictures: Mapping[str, bytes]) -> bytes:
    """The message with `pictures` (base64 by address) inside, so that it reads the same without a server.

    The HTML part becomes the HTML and its pictures (RFC 2387); every other byte stays.
    """
    found = _BOUNDARY.search(message.mime)
    if not pictures or found is None:
        return message.mime
    related = _related(message.html, pictures, f"=_pictures-{message.claimed.opaque_id}")
    edge = b"--" + found[1]
    parts = message.mime.split(edge)
    return edge.join(related if _HTML.match(part) else part for part in parts)


def _related(html: str, pictures: Mapping[str, bytes], boundary: str) -> bytes:
    edge = f"--{boundary}\r\n".encode()
    parts = []
    for number, (address, picture) in enumerate(pictures.items(), start=1):
        html = html.replace(address, f"cid:picture{number}@viesti")
        parts.append(_PICTURE.format(number=number).encode() + picture)
    head = f'\r\nContent-Type: multipart/related; type="text/html";\r\n boundary="{boundary}"\r\n\r\n'.encode()
    return head + edge + edge.join((_HTML_HEAD + _base64(html.encode()), *parts)) + f"--{boundary}--\r\n".encode()


def _base64(data: bytes) -> bytes:
    return encodebytes(data).replace(b"\n", b"\r\n")
