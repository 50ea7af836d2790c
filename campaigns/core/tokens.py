"""Signed tokens for links: opaque to the reader, invalid once a bit is changed."""

import hmac
from base64 import b32decode, b32encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct
from typing import Final

_TAG_BYTES: Final = 16
_LINK: Final = Struct(">BII")  # key number, run number, position
_MAX_TOKEN: Final = 64
_MAX_TRACKED_TOKEN: Final = 3000
_TRACKED_SCOPE: Final = "way"
_PLACED_LINK: Final = Struct(">BIIB")  # the same, and place of an offer
_PLACED_SCOPE: Final = "way of an offer"
_NO_POSITION: Final = 2**32 - 1  # position of a tracked link that must not identify a recipient
_REFERENCE: Final = Struct(">II")  # run number, position
_REFERENCE_CHARACTERS: Final = 26


class InvalidTokenError(ValueError):
    """Token that was not made here for this use; carries no detail."""


@dataclass(frozen=True, slots=True)
class DeliveryLink:
    """Delivery that a link belongs to."""

    run_number: int
    position: int


@dataclass(frozen=True, slots=True)
class TrackedLink:
    """Target of a tracked link of a run; `position` is None where the click must not identify a recipient.

    `place` is that of the offer that it leads to, among the offers of its message from 1; None for other links.
    """

    run_number: int
    position: int | None
    target: str
    place: int | None = None


@dataclass(frozen=True, slots=True)
class Signer:
    """Signer with one or several numbered keys, so that keys can rotate; the last one signs.

    Keys are secrets of at least 32 bytes, from the environment or from the key file of the workspace.
    """

    keys: Mapping[int, bytes]

    def keyed_hash(self, *parts: object) -> str:
        """Return the keyed 128-bit hash of the parts; equal for equal parts, and reveals none of them (GD-24, E-09)."""
        return self._keyed_hash(max(self.keys), *parts)

    def keyed_hashes(self, *parts: object) -> frozenset[str]:
        """Return the hashes of the parts by every key: all results of `keyed_hash` before the keys rotated."""
        return frozenset(self._keyed_hash(number, *parts) for number in self.keys)

    def delivery_reference(self, run_number: int, position: int) -> str:
        """Return the external reference of a delivery: opaque to others, readable for us (GD-24, E-09).

        Half of it is the keyed hash of run number and position, the other half these numbers, masked by the hash. So
        provider events find their delivery without a column of references, and an invented reference finds none.
        """
        payload = _REFERENCE.pack(run_number, position)
        return _base32(self._reference(max(self.keys), payload))

    def read_delivery_reference(self, reference: str) -> DeliveryLink:
        """Return the delivery of an external reference, made with any key and in any letter case.

        Raise InvalidTokenError for every other text.
        """
        content = _reference_bytes(reference)
        tag, hidden = content[: _REFERENCE.size], content[_REFERENCE.size :]
        for number in sorted(self.keys, reverse=True):
            payload = _xor(hidden, self._mask(number, tag))
            if hmac.compare_digest(content, self._reference(number, payload)):
                return DeliveryLink(*_REFERENCE.unpack(payload))
        raise InvalidTokenError

    def _reference(self, number: int, payload: bytes) -> bytes:
        tag = self._digest(number, "delivery", payload.hex())[: _REFERENCE.size]
        return tag + _xor(payload, self._mask(number, tag))

    def _mask(self, number: int, tag: bytes) -> bytes:
        return self._digest(number, "delivery mask", tag.hex())[: _REFERENCE.size]

    def link_token(self, scope: str, run_number: int, position: int) -> str:
        """Return a token for one delivery and one action of its holder."""
        number = max(self.keys)
        payload = _LINK.pack(number, run_number, position)
        return _base64(payload + self._tag(number, scope, payload))

    def read_link(self, scope: str, token: str) -> DeliveryLink:
        """Return the delivery of a token of this scope, signed with any key; raise InvalidTokenError for other texts.

        A token has one spelling: another text that decodes to the same bytes is refused, too.
        """
        content = _token_bytes(token)
        payload, tag = content[: _LINK.size], content[_LINK.size :]
        number = payload[0]
        if number not in self.keys or not hmac.compare_digest(tag, self._tag(number, scope, payload)):
            raise InvalidTokenError
        return DeliveryLink(*_LINK.unpack(payload)[1:])

    def tracked_link_token(self, link: TrackedLink) -> str:
        """Return a token for one link target; a changed token is invalid (no open redirect)."""
        number = max(self.keys)
        position = _NO_POSITION if link.position is None else link.position
        if link.place is None:
            scope, payload = _TRACKED_SCOPE, _LINK.pack(number, link.run_number, position)
        else:
            scope, payload = _PLACED_SCOPE, _PLACED_LINK.pack(number, link.run_number, position, link.place)
        payload += link.target.encode()
        return _base64(payload + self._tag(number, scope, payload))

    def read_tracked_link(self, token: str) -> TrackedLink:
        """Return the target of a token; raise InvalidTokenError for every other text."""
        content = _decode(token, _MAX_TRACKED_TOKEN)
        payload, tag = content[:-_TAG_BYTES], content[-_TAG_BYTES:]
        number = payload[0] if payload else -1
        for scope, form in ((_TRACKED_SCOPE, _LINK), (_PLACED_SCOPE, _PLACED_LINK)):
            if number in self.keys and hmac.compare_digest(tag, self._tag(number, scope, payload)):
                _, run_number, position, *place = form.unpack_from(payload)
                target = payload[form.size :].decode()
                return TrackedLink(run_number, None if position == _NO_POSITION else position, target, *place)
        raise InvalidTokenError

    def _tag(self, number: int, scope: str, payload: bytes) -> bytes:
        return self._digest(number, scope, payload.hex())[:_TAG_BYTES]

    def _keyed_hash(self, number: int, *parts: object) -> str:
        digest = self._digest(number, "name", *parts)
        return _base32(digest[:_TAG_BYTES])

    def _digest(self, number: int, *parts: object) -> bytes:
        message = "\x1f".join(str(part) for part in parts)
        return hmac.digest(self.keys[number], message.encode(), "sha256")


def _base32(content: bytes) -> str:
    return b32encode(content).decode().rstrip("=").lower()


def _reference_bytes(reference: str) -> bytes:
    if len(reference) != _REFERENCE_CHARACTERS or not reference.isascii():
        raise InvalidTokenError
    try:
        return b32decode(f"{reference.upper()}======")
    except Error as error:
        raise InvalidTokenError from error


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(len(one), "big")


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _token_bytes(token: str) -> bytes:
    content = _decode(token, _MAX_TOKEN)
    if len(content) != _LINK.size + _TAG_BYTES:
        raise InvalidTokenError
    return content


def _decode(token: str, limit: int) -> bytes:
    if len(token) > limit or not token.isascii():
        raise InvalidTokenError
    try:
        content = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except Error as error:
        raise InvalidTokenError from error
    if _base64(content) != token:
        raise InvalidTokenError
    return content
