"""Password hashes by argon2id; the only module that imports argon2."""

from functools import lru_cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

_HASHER: Final = PasswordHasher()  # second recommended option of RFC 9106: 64 MiB, three passes


def hash_password(password: str) -> str:
    """Return the hash of a password, with its own salt and cost."""
    return _HASHER.hash(password)


def verify(password_hash: str | None, password: str) -> bool:
    """Return whether a password matches the hash; takes the same time where there is no hash."""
    try:
        _HASHER.verify(password_hash or _dummy_hash(), password)
    except VerificationError:
        return False
    return password_hash is not None


def needs_rehash(password_hash: str) -> bool:
    """Return whether a hash was made at a lower cost than today's."""
    return _HASHER.check_needs_rehash(password_hash)


@lru_cache(maxsize=1)
def _dummy_hash() -> str:
    return _HASHER.hash("")
