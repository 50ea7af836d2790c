"""Signed tokens for links: opaque to their reader, worthless to whoever changes a bit."""

import hashlib
import hmac
from base64 import b32encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass

_TAG_BYTES = 16


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs with one of several keys, by number, so that keys can rotate; the last one signs.

    Keys are secrets of at least 32 bytes and come from the environment or from the workspace's key file.
    """

    keys: Mapping[int, bytes]

    def opaque(self, *parts: object) -> str:
        """The same 128-bit name for the same parts, without saying anything about them (GD-24, E-09)."""
        number = max(self.keys)
        digest = self._digest(number, "name", *parts)
        return b32encode(digest[:_TAG_BYTES]).decode().rstrip("=").lower()

    def link(self, scope: str, run_number: int, position: int) -> str:
        """A token for one delivery and one thing that its holder may do."""
        number = max(self.keys)
        payload = b"".join(part.to_bytes(size, "big") for part, size in ((number, 1), (run_number, 4), (position, 4)))
        return urlsafe_b64encode(payload + self._digest(number, scope, payload.hex())[:_TAG_BYTES]).decode().rstrip("=")

    def _digest(self, number: int, *parts: object) -> bytes:
        message = "\x1f".join(str(part) for part in parts)
        return hmac.new(self.keys[number], message.encode(), hashlib.sha256).digest()
