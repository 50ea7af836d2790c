"""Codes of digits that a person reads and types: each is equally likely, and computed anew where it is needed."""

import hashlib
import hmac
from typing import Final

from campaigns.core.tokens import Signer

_DIGITS: Final = 8


def numeric_code(signer: Signer, *parts: object) -> str:
    """Return the digits of the code that stands for `parts`; they are stored nowhere."""
    keyed_hash = signer.keyed_hash(*parts)  # its characters are not equally likely, so they are hashed once more
    return f"{int.from_bytes(hashlib.sha256(keyed_hash.encode()).digest()) % 10**_DIGITS:0{_DIGITS}}"


def typed_digits(text: str) -> str:
    """Return the digits of a typed code, without spaces and the like."""
    return "".join(character for character in text if character.isdigit())


def is_same_code(typed: str, code: str) -> bool:
    """Return whether a typed code is `code`; the time that it takes tells nothing about it."""
    return hmac.compare_digest(typed_digits(typed).encode(), code.encode())


def format_code(code: str) -> str:
    """Return the digits as a person reads them: `1234 5678`."""
    return f"{code[: _DIGITS // 2]} {code[_DIGITS // 2 :]}"
