"""DKIM signatures (RFC 6376, RFC 8463): every message signed by each key, with OpenSSL.

The messages are our own (`rendering/mime.py`): CRLF line ends, headers folded at single spaces.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)

from campaigns.channels.outcome import ChannelMisconfigured
from campaigns.core.model.provider_settings import DkimSettings

RSA_KEY: Final = "DKIM_RSA_KEY"
ED25519_KEY: Final = "DKIM_ED25519_KEY"
_SHORTEST_RSA: Final = 2048

# RFC 6376 5.4.1 and, by demand of RFC 8058, both List-Unsubscribe headers (E-24)
_SIGNED: Final = (
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "auto-submitted",
    "feedback-id",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
)
# Named once more than they occur, so that nobody can add another of them
_OVERSIGNED: Final = ("from", "to", "subject", "list-unsubscribe", "list-unsubscribe-post")
_SPACES: Final = re.compile(rb"[ \t]+")


@dataclass(frozen=True, slots=True)
class DkimKey:
    """One key with its selector; `sign` takes the bytes that the signature is over."""

    algorithm: str
    selector: str
    sign: Callable[[bytes], bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Published:
    """What DNS has to show for a key: `k=` and `p=` of the record at its selector (RFC 6376 3.6.1, RFC 8463 4)."""

    selector: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class DkimSigner:
    """Signs for a domain."""

    domain: str
    keys: tuple[DkimKey, ...]

    def sign(self, message: bytes) -> bytes:
        """The message with a signature of each key before it."""
        head, _, body = message.partition(b"\r\n\r\n")
        named, canonical = _headers(head)
        digest = b64encode(sha256(_body(body)).digest()).decode()
        written = [self._header(key, named, canonical, digest) for key in self.keys]
        return b"".join((*written, message))

    def _header(self, key: DkimKey, named: str, canonical: bytes, digest: str) -> bytes:
        unsigned = (
            f"v=1; a={key.algorithm}; c=relaxed/relaxed;\r\n d={self.domain}; s={key.selector};\r\n"
            f" h={named};\r\n bh={digest};\r\n b="
        )
        relaxed = f"dkim-signature:{' '.join(unsigned.split())}".encode()
        signature = b64encode(key.sign(canonical + relaxed)).decode()
        folded = "\r\n ".join(signature[at : at + 72] for at in range(0, len(signature), 72))
        return f"DKIM-Signature: {unsigned}{folded}\r\n".encode()


def signer(settings: DkimSettings, rsa_key: str, ed25519_key: str) -> DkimSigner:
    """The signer of the settings with their keys: PEM, or PKCS #8 in base64.

    Raises ChannelMisconfigured when a key is missing, of another kind, or too short.
    """
    keys = []
    if settings.rsa is not None:
        keys.append(_rsa(settings.rsa, _private(rsa_key, RSA_KEY)))
    if settings.ed25519 is not None:
        keys.append(_ed25519(settings.ed25519, _private(ed25519_key, ED25519_KEY)))
    return DkimSigner(settings.domain, tuple(keys))


def published(settings: DkimSettings, rsa_key: str, ed25519_key: str) -> tuple[Published, ...]:
    """The public halves of the keys that `signer` would sign with; raises as it does."""
    signer(settings, rsa_key, ed25519_key)
    shown = []
    if settings.rsa is not None:
        spki = _private(rsa_key, RSA_KEY).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        shown.append(Published(settings.rsa, "rsa", b64encode(spki).decode()))
    if settings.ed25519 is not None:
        raw = _private(ed25519_key, ED25519_KEY).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        shown.append(Published(settings.ed25519, "ed25519", b64encode(raw).decode()))
    return tuple(shown)


def _rsa(selector: str, key: PrivateKeyTypes) -> DkimKey:
    if not isinstance(key, RSAPrivateKey) or key.key_size < _SHORTEST_RSA:
        raise ChannelMisconfigured(f"{RSA_KEY} is no RSA key of at least {_SHORTEST_RSA} bits")
    return DkimKey("rsa-sha256", selector, lambda data: key.sign(data, PKCS1v15(), SHA256()))


def _ed25519(selector: str, key: PrivateKeyTypes) -> DkimKey:
    if not isinstance(key, Ed25519PrivateKey):
        raise ChannelMisconfigured(f"{ED25519_KEY} is no Ed25519 key")
    return DkimKey("ed25519-sha256", selector, lambda data: key.sign(sha256(data).digest()))  # RFC 8463 3


def _private(written: str, variable: str) -> PrivateKeyTypes:
    try:
        if written.lstrip().startswith("-----"):
            return load_pem_private_key(written.encode(), None)
        return load_der_private_key(b64decode(written, validate=True), None)
    except (Error, ValueError, TypeError) as error:
        raise ChannelMisconfigured(f"{variable} is not set to a private key without a password") from error


def _headers(head: bytes) -> tuple[str, bytes]:
    """The `h=` list, and the headers that it names in relaxed form, lowest occurrence first (RFC 6376 5.4.2)."""
    found: dict[str, list[bytes]] = {}
    for name, value in _fields(head):
        found.setdefault(name, []).append(value)
    names = [name for name in _SIGNED for _ in found.get(name, ())]
    canonical = b"".join(
        name.encode() + b":" + value + b"\r\n" for name in _SIGNED for value in reversed(found.get(name, ()))
    )
    return ":\r\n ".join(_lines([*names, *_OVERSIGNED])), canonical


def _fields(head: bytes) -> Iterator[tuple[str, bytes]]:
    unfolded = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    for line in unfolded.split(b"\r\n"):
        name, _, value = line.partition(b":")
        yield name.strip().lower().decode("ascii"), _SPACES.sub(b" ", value).strip()


def _lines(names: list[str]) -> Iterator[str]:
    """The names joined by colons, on lines of a decent length."""
    for start in range(0, len(names), 5):
        yield ":".join(names[start : start + 5])


def _body(body: bytes) -> bytes:
    """The relaxed form of a body (RFC 6376 3.4.4); `replace` is ten times as fast as an expression here."""
    body = body.replace(b"\t", b" ")
    while b"  " in body:
        body = body.replace(b"  ", b" ")
    kept = body.replace(b" \r\n", b"\r\n").rstrip(b" \r\n")
    return kept + b"\r\n" if kept else b""
