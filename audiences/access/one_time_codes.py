"""One-time codes: proof that whoever asks can read a member's mailbox or telephone. Kept as keyed hashes only."""

import hashlib
import secrets
from collections.abc import Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select, update

from audiences.tables import ONE_TIME_CODE
from campaigns.core.tokens import Signer

LIFE: Final = timedelta(minutes=10)
TRIES: Final = 5
MOST_AT_ONCE: Final = 3  # codes a member within `_SPAN` that nobody has typed, whoever asks for them
_SPAN: Final = timedelta(minutes=15)
_KEPT: Final = timedelta(days=1)
_DIGITS: Final = 8


class Aim(StrEnum):
    """What a code opens: the member's pages, all that is held about them, or a new address of theirs."""

    SIGN_IN = "sign_in"
    STEP_UP = "step_up"
    EMAIL = "email"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Asked:
    """A code that is asked for. `challenge` is from `new_challenge`; `address` is the new one that it is to prove."""

    challenge: str
    member_id: str
    aim: Aim = Aim.SIGN_IN
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Typed:
    """A code that somebody typed where it may open `aims`; in a session, for its member alone."""

    challenge: str
    code: str = field(repr=False)
    aims: Set[Aim]
    member_id: str | None = None


def new_challenge() -> str:
    """A name for one asking, which its browser keeps: a code is of no use without it."""
    return secrets.token_urlsafe(24)


def digits(signer: Signer, asked: Asked) -> str:
    """The digits of a code that was issued, made anew by whoever carries it: they are written down nowhere."""
    name = signer.opaque("digits", asked.challenge, asked.member_id, asked.aim.value, asked.address or "")
    number = int.from_bytes(hashlib.sha256(name.encode()).digest())  # the name's own characters are not equally likely
    return f"{number % 10**_DIGITS:0{_DIGITS}}"


def issue(connection: Connection, signer: Signer, asked: Asked, now: datetime) -> bool:
    """Let one code open what was asked for; False when the member was sent enough of them just now that nobody typed.

    A challenge is good for one asking. Codes of the last day are kept to be counted, then removed here.
    """
    connection.execute(delete(ONE_TIME_CODE).where(ONE_TIME_CODE.c.issued_at < now - _KEPT))
    recent = select(func.count()).where(
        ONE_TIME_CODE.c.member_id == asked.member_id, ONE_TIME_CODE.c.issued_at > now - _SPAN
    )
    if connection.execute(recent).scalar_one() >= MOST_AT_ONCE:
        return False
    connection.execute(
        insert(ONE_TIME_CODE).values(
            digest=_digest(signer, asked.challenge, digits(signer, asked)),
            challenge=asked.challenge,
            member_id=asked.member_id,
            aim=asked.aim.value,
            address=asked.address,
            issued_at=now,
            tries_left=TRIES,
        )
    )
    return True


def redeem(connection: Connection, signer: Signer, typed: Typed, now: datetime) -> Asked | None:
    """What the code was asked for, once; None for one that opens nothing here, without saying why.

    Every try is counted against all codes of the challenge, and the transaction has to be committed either way.
    """
    digest = _digest(signer, typed.challenge, "".join(character for character in typed.code if character.isdigit()))
    open_codes = (ONE_TIME_CODE.c.challenge == typed.challenge, ONE_TIME_CODE.c.tries_left > 0)
    good = select(ONE_TIME_CODE).where(
        *open_codes,
        ONE_TIME_CODE.c.digest == digest,
        ONE_TIME_CODE.c.issued_at > now - LIFE,
        ONE_TIME_CODE.c.aim.in_([aim.value for aim in typed.aims]),
    )
    if typed.member_id is not None:
        good = good.where(ONE_TIME_CODE.c.member_id == typed.member_id)
    found = connection.execute(good).one_or_none()
    left = 0 if found is not None else ONE_TIME_CODE.c.tries_left - 1
    connection.execute(update(ONE_TIME_CODE).where(*open_codes).values(tries_left=left))
    if found is not None:  # whoever can read what we send may have more of it: only unread codes are counted
        connection.execute(delete(ONE_TIME_CODE).where(ONE_TIME_CODE.c.digest == digest))
    return None if found is None else Asked(typed.challenge, found.member_id, Aim(found.aim), found.address)


def spaced(code: str) -> str:
    """The digits as a person reads them: `1234 5678`."""
    return f"{code[: _DIGITS // 2]} {code[_DIGITS // 2 :]}"


def _digest(signer: Signer, challenge: str, code: str) -> str:
    return signer.opaque("code", challenge, code)
