"""E-mail provider for development: one `.eml` file a message, its images inside; nothing is sent."""

import asyncio
import re
from base64 import encodebytes
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from campaigns.channels.folder_outbox import run_folder, safe_name
from campaigns.channels.outcome import Accepted, ChannelMisconfiguredError, Outcome
from campaigns.channels.provider import OutgoingEmail
from campaigns.core.private_files import make_private_folder, write_private

_BOUNDARY: Final = re.compile(rb'^Content-Type: multipart/alternative;\s+boundary="([^"]+)"', re.MULTILINE)
_HTML_PART: Final = re.compile(rb"\r\nContent-Type: (?:text/html|multipart/related)\b")
_HTML_HEAD: Final = b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
_IMAGE_HEAD: Final = (
    "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n"
    "Content-ID: <{content_id}>\r\nContent-Disposition: inline\r\n\r\n"
)


@dataclass(frozen=True)
class FolderEmail:
    """Writer of `outbox/<run>/email/<position>-<opaque id>-<attempt>.eml`.

    Writing the same attempt again replaces its file. Another attempt of the same delivery gets a second file, so that
    a message sent twice is noticed.
    """

    outbox: Path
    images: Path
    public_url: str
    _encoded: dict[str, bytes | None] = field(default_factory=dict, init=False, repr=False)

    async def open(self) -> None:
        """Do nothing; no connection is needed."""

    async def close(self) -> None:
        """Do nothing; no connection is open."""

    async def send(self, message: OutgoingEmail) -> Outcome:
        """Write the message; raises ChannelMisconfiguredError when the folder cannot be written to."""
        try:
            return await asyncio.to_thread(self._write, message)
        except OSError as error:
            raise ChannelMisconfiguredError(f"the outbox cannot be written to: {error.strerror}") from error

    def _write(self, message: OutgoingEmail) -> Outcome:
        claimed = message.claimed
        folder = make_private_folder(run_folder(self.outbox, claimed.run) / "email")
        file = folder / safe_name(f"{claimed.position:07d}-{claimed.opaque_id}-{claimed.attempt}.eml")
        write_private(file, embed_images(message, self._images(message.html)))
        return Accepted(file.name, file)

    def _images(self, html: str) -> dict[str, bytes]:
        """Return the workspace's images that the HTML shows, in base64 by URL; each is encoded once."""
        prefix = f"{self.public_url.rstrip('/')}/images/"
        images: dict[str, bytes] = {}
        for path in re.findall(re.escape(prefix) + r"([a-z0-9_/-]+\.png)", html):
            if path not in self._encoded:
                file = self.images / path
                self._encoded[path] = _base64(file.read_bytes()) if file.is_file() else None
            image = self._encoded[path]
            if image is not None:
                images[prefix + path] = image
        return images


def embed_images(message: OutgoingEmail, images: Mapping[str, bytes]) -> bytes:
    """Return the message with `images` (base64 by URL) embedded, so that it looks the same without a server.

    The HTML part becomes the HTML, its images and the pictures that it brings (RFC 2387); every other byte stays.
    """
    boundary = _BOUNDARY.search(message.mime)
    if not images or boundary is None:
        return message.mime
    related = _related(message, images, f"=_pictures-{message.claimed.opaque_id}")
    edge = b"--" + boundary[1]
    parts = message.mime.split(edge)
    return edge.join(related if _HTML_PART.match(part) else part for part in parts)


def _related(message: OutgoingEmail, images: Mapping[str, bytes], boundary: str) -> bytes:
    edge = f"--{boundary}\r\n".encode()
    html, parts = message.html, [_part(picture.content_id, _base64(picture.content)) for picture in message.pictures]
    for number, (url, image) in enumerate(images.items(), start=1):
        html = html.replace(url, f"cid:picture{number}@viesti")
        parts.append(_part(f"picture{number}@viesti", image))
    head = f'\r\nContent-Type: multipart/related; type="text/html";\r\n boundary="{boundary}"\r\n\r\n'.encode()
    return head + edge + edge.join((_HTML_HEAD + _base64(html.encode()), *parts)) + f"--{boundary}--\r\n".encode()


def _part(content_id: str, image: bytes) -> bytes:
    return _IMAGE_HEAD.format(content_id=content_id).encode() + image


def _base64(data: bytes) -> bytes:
    return encodebytes(data).replace(b"\n", b"\r\n")
