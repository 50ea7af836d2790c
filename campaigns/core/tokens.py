"""Signed tokens for links: opaque to their reader, worthless to whoever changes a bit."""

import hmac
from base64 import b32decode, b32encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct
from typing import Final

_TAG_BYTES: Final = 16
_LINK: Final = Struct(">BII")  # the key's number, the run's, the position
_LONGEST: Final = 64
_LONGEST_WAY: Final = 3000
_WAY: Final = "way"
_NOBODY: Final = 2**32 - 1  # stands where a way has a position, when nobody is to be told from another
_NAME: Final = Struct(">II")  # the run's number, the position
_NAME_CHARACTERS: Final = 26


class BadToken(ValueError):  # noqa: N818 - said as what it is
    """A token that we did not make for this use; says nothing of what is wrong with it."""


@dataclass(frozen=True, slots=True)
class DeliveryLink:
    """The delivery that a link came with."""

    run_number: int
    position: int


@dataclass(frozen=True, slots=True)
class Way:
    """Where a link of a run leads; `position` is None where it is not to be known who follows it."""

    run_number: int
    position: int | None
    target: str


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs with one of several keys, by number, so that keys can rotate; the last one signs.

    Keys are secrets of at least 32 bytes and come from the environment or from the workspace's key file.
    """

    keys: Mapping[int, bytes]

    def opaque(self, *parts: object) -> str:
        """The same 128-bit name for the same parts, without saying anything about them (GD-24, E-09)."""
        return self._name(max(self.keys), *parts)

    def opaques(self, *parts: object) -> frozenset[str]:
        """The names of the same parts by every key: what `opaque` may have said before the keys rotated."""
        return frozenset(self._name(number, *parts) for number in self.keys)

    def delivery_name(self, run_number: int, position: int) -> str:
        """The name of a delivery for everybody outside: says nothing to them, and we read it back (GD-24, E-09).

        Half of it is the keyed hash of what it names, the other half that, hidden by the hash: what providers tell
        finds its delivery without a column of names, and a name that was made up finds none.
        """
        payload = _NAME.pack(run_number, position)
        return _as_name(self._named(max(self.keys), payload))

    def delivery_named(self, name: str) -> DeliveryLink:
        """The delivery of a name, made with any of the keys and in whatever case; BadToken for every other text."""
        content = _named_content(name)
        tag, hidden = content[: _NAME.size], content[_NAME.size :]
        for number in sorted(self.keys, reverse=True):
            payload = _xor(hidden, self._mask(number, tag))
            if hmac.compare_digest(content, self._named(number, payload)):
                return DeliveryLink(*_NAME.unpack(payload))
        raise BadToken

    def _named(self, number: int, payload: bytes) -> bytes:
        tag = self._digest(number, "delivery", payload.hex())[: _NAME.size]
        return tag + _xor(payload, self._mask(number, tag))

    def _mask(self, number: int, tag: bytes) -> bytes:
        return self._digest(number, "delivery mask", tag.hex())[: _NAME.size]

    def link(self, scope: str, run_number: int, position: int) -> str:
        """A token for one delivery and one thing that its holder may do."""
        number = max(self.keys)
        payload = _LINK.pack(number, run_number, position)
        return _written(payload + self._tag(number, scope, payload))

    def read(self, scope: str, token: str) -> DeliveryLink:
        """The delivery of a token of this scope, signed with any of the keys; BadToken for every other text.

        A token has one spelling: what decodes to the same bytes but is written otherwise is refused too.
        """
        content = _content(token)
        payload, tag = content[: _LINK.size], content[_LINK.size :]
        number = payload[0]
        if number not in self.keys or not hmac.compare_digest(tag, self._tag(number, scope, payload)):
            raise BadToken
        return DeliveryLink(*_LINK.unpack(payload)[1:])

    def way(self, way: Way) -> str:
        """A token that leads to a target of ours, and to no other: whoever changes it has none (no open redirect)."""
        number = max(self.keys)
        position = _NOBODY if way.position is None else way.position
        payload = _LINK.pack(number, way.run_number, position) + way.target.encode()
        return _written(payload + self._tag(number, _WAY, payload))

    def read_way(self, token: str) -> Way:
        """Where a token leads; BadToken for every text that we did not make for that."""
        content = _read(token, _LONGEST_WAY)
        payload, tag = content[:-_TAG_BYTES], content[-_TAG_BYTES:]
        number = payload[0] if payload else -1
        if number not in self.keys or not hmac.compare_digest(tag, self._tag(number, _WAY, payload)):
            raise BadToken
        _, run_number, position = _LINK.unpack_from(payload)
        return Way(run_number, None if position == _NOBODY else position, payload[_LINK.size :].decode())

    def _tag(self, number: int, scope: str, payload: bytes) -> bytes:
        return self._digest(number, scope, payload.hex())[:_TAG_BYTES]

    def _name(self, number: int, *parts: object) -> str:
        digest = self._digest(number, "name", *parts)
        return _as_name(digest[:_TAG_BYTES])

    def _digest(self, number: int, *parts: object) -> bytes:
        message = "\x1f".join(str(part) for part in parts)
        return hmac.digest(self.keys[number], message.encode(), "sha256")


def _as_name(content: bytes) -> str:
    return b32encode(content).decode().rstrip("=").lower()


def _named_content(name: str) -> bytes:
    if len(name) != _NAME_CHARACTERS or not name.isascii():
        raise BadToken
    try:
        return b32decode(f"{name.upper()}======")
    except Error as error:
        raise BadToken from error


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(len(one), "big")


def _written(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _content(token: str) -> bytes:
    content = _read(token, _LONGEST)
    if len(content) != _LINK.size + _TAG_BYTES:
        raise BadToken
    return content


def _read(token: str, longest: int) -> bytes:
    if len(token) > longest or not token.isascii():
        raise BadToken
    try:
        content = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except Error as error:
        raise BadToken from error
    if _written(content) != token:
        raise BadToken
    return content
