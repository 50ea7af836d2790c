"""Encryption of secrets in the ledger, by keys derived from the signing keys; a copy of the ledger alone opens none."""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from campaigns.core.tokens import Signer

_NONCE_BYTES: Final = 12


class UnreadableSecretError(ValueError):
    """Secret that no signing key of this workspace opens, or that belongs to another owner."""


def encrypt(signer: Signer, owner: str, secret: str) -> str:
    """Return a secret encrypted by the newest key, for its owner alone."""
    number, nonce = max(signer.keys), os.urandom(_NONCE_BYTES)
    sealed = _cipher(signer, number).encrypt(nonce, secret.encode(), owner.encode())
    return f"{number}.{urlsafe_b64encode(nonce + sealed).decode()}"


def decrypt(signer: Signer, owner: str, sealed: str) -> str:
    """Return the secret of an owner; raise UnreadableSecretError when its key is gone or it was changed."""
    number, _, content = sealed.partition(".")
    try:
        raw = urlsafe_b64decode(content)
        return _cipher(signer, int(number)).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], owner.encode()).decode()
    except (Error, InvalidTag, KeyError, ValueError) as error:
        raise UnreadableSecretError from error


def _cipher(signer: Signer, number: int) -> AESGCM:
    key = HKDF(SHA256(), 32, salt=None, info=b"viesti secrets of accounts").derive(signer.keys[number])
    return AESGCM(key)
