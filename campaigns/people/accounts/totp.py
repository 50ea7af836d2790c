"""One-time codes of an authenticator app (TOTP, RFC 6238); the only module that imports pyotp and segno."""

import hmac
from collections.abc import Iterator
from datetime import datetime
from io import StringIO
from typing import Final

import pyotp
import segno

PERIOD: Final = 30
"""Seconds of a time step."""

_TOLERATED_STEPS: Final = (0, -1, 1)  # clocks of telephones differ by a few seconds
_DIGITS: Final = 6


def new_key() -> str:
    """Return a random key of 160 bits, as apps take it."""
    return pyotp.random_base32()


def provisioning_uri(key: str, account: str, organisation: str) -> str:
    """Return the address that tells an app the key."""
    return pyotp.TOTP(key).provisioning_uri(name=account, issuer_name=organisation)


def terminal_qr_code(uri: str) -> str:
    """Return a QR code in characters of a terminal."""
    picture = StringIO()
    segno.make(uri, error="l").terminal(picture, compact=True)
    return picture.getvalue()


def matching_step(key: str, code: str, now: datetime) -> int | None:
    """Return the time step of a code, within a step of now; None when the code is wrong."""
    typed = "".join(code.split())
    if len(typed) != _DIGITS or not typed.isascii() or not typed.isdigit():
        return None
    matches = [step for step in _steps(now) if hmac.compare_digest(pyotp.TOTP(key).generate_otp(step), typed)]
    return matches[0] if matches else None


def _steps(now: datetime) -> Iterator[int]:
    current = int(now.timestamp()) // PERIOD
    return (current + difference for difference in _TOLERATED_STEPS)
