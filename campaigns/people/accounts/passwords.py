"""Passwords as argon2id keeps them; the only place that knows argon2."""

from functools import lru_cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

_HASHER: Final = PasswordHasher()  # RFC 9106's second choice: 64 MiB, three passes


def hashed(password: str) -> str:
    """What is kept of a password, with its own salt and cost."""
    return _HASHER.hash(password)


def fits(kept: str | None, password: str) -> bool:
    """Whether a password is the kept one; takes the same time where none is kept."""
    try:
        _HASHER.verify(kept or _nobodys(), password)
    except VerificationError:
        return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Whether a password was kept at a lower cost than today's."""
    return _HASHER.check_needs_rehash(kept)


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return _HASHER.hash("")
