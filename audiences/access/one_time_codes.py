"""One-time codes: proof that the requester can read a member's mailbox or telephone. Only keyed hashes are stored."""

import secrets
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from audiences.access.code_allowances import give_back
from audiences.access.numeric_codes import numeric_code, typed_digits
from audiences.tables import ONE_TIME_CODE
from campaigns.core.tokens import Signer

CODE_LIFETIME: Final = timedelta(minutes=10)
MAX_TRIES: Final = 5
_RETENTION: Final = timedelta(days=1)


class CodeAim(StrEnum):
    """Use of a code: sign in, see all data held, or verify a new address."""

    SIGN_IN = "sign_in"
    STEP_UP = "step_up"
    EMAIL = "email"
    PHONE = "phone"


class IssuedCode(StrEnum):
    """New code, the same code as before, to be sent again, or none: the address is not proven yet."""

    NEW = "new"
    AGAIN = "again"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """Request for a code. `challenge` is from `new_challenge`; `address` is the new one to verify."""

    challenge: str
    member_id: str
    aim: CodeAim = CodeAim.SIGN_IN
    address: str | None = None


@dataclass(frozen=True, slots=True)
class TypedCode:
    """Code typed by a visitor, where it may open `aims`; in a session, for its member alone."""

    challenge: str
    code: str = field(repr=False)
    aims: Set[CodeAim]
    member_id: str | None = None


def new_challenge() -> str:
    """Return a random id, kept by the browser that requests a code: the code is useless without it."""
    return secrets.token_urlsafe(24)


def code_digits(signer: Signer, request: CodeRequest) -> str:
    """Return the digits of an issued code, computed anew by the sending process: they are stored nowhere."""
    parts = (request.challenge, request.member_id, request.aim.value, request.address or "")
    return numeric_code(signer, "digits", *parts)


def issue_code(
    connection: Connection, signer: Signer, request: CodeRequest, now: datetime, allowances: Sequence[str] = ()
) -> IssuedCode:
    """Store a code for a request; one that is valid is used again, from now on, with the tries that it has left.

    `allowances` are those that the message was taken from: a typed code gives them back. Codes are deleted after a
    day.
    """
    connection.execute(delete(ONE_TIME_CODE).where(ONE_TIME_CODE.c.issued_at < now - _RETENTION))
    digest = _digest(signer, request.challenge, code_digits(signer, request))
    earlier = connection.execute(select(ONE_TIME_CODE).where(ONE_TIME_CODE.c.digest == digest)).one_or_none()
    is_valid = earlier is not None and earlier.tries_left > 0 and earlier.issued_at > now - CODE_LIFETIME
    connection.execute(delete(ONE_TIME_CODE).where(ONE_TIME_CODE.c.digest == digest))
    connection.execute(
        insert(ONE_TIME_CODE).values(
            digest=digest,
            challenge=request.challenge,
            member_id=request.member_id,
            aim=request.aim.value,
            address=request.address,
            issued_at=now,
            tries_left=earlier.tries_left if earlier is not None and is_valid else MAX_TRIES,
            allowances=[*((earlier.allowances or ()) if earlier is not None and is_valid else ()), *allowances],
        )
    )
    return IssuedCode.AGAIN if is_valid else IssuedCode.NEW


def redeem_code(connection: Connection, signer: Signer, typed: TypedCode, now: datetime) -> CodeRequest | None:
    """Return the request of a code, once; None for a code that opens nothing here, without a reason.

    Every try is counted against all codes of the challenge: commit the transaction either way.
    """
    digest = _digest(signer, typed.challenge, typed_digits(typed.code))
    open_codes = (ONE_TIME_CODE.c.challenge == typed.challenge, ONE_TIME_CODE.c.tries_left > 0)
    query = select(ONE_TIME_CODE).where(
        *open_codes,
        ONE_TIME_CODE.c.digest == digest,
        ONE_TIME_CODE.c.issued_at > now - CODE_LIFETIME,
        ONE_TIME_CODE.c.aim.in_([aim.value for aim in typed.aims]),
    )
    if typed.member_id is not None:
        query = query.where(ONE_TIME_CODE.c.member_id == typed.member_id)
    row = connection.execute(query).one_or_none()
    tries_left = 0 if row is not None else ONE_TIME_CODE.c.tries_left - 1
    connection.execute(update(ONE_TIME_CODE).where(*open_codes).values(tries_left=tries_left))
    if row is not None:  # the member reads what we send: only untyped codes count towards the limits
        give_back(connection, row.allowances or ())
        connection.execute(delete(ONE_TIME_CODE).where(ONE_TIME_CODE.c.digest == digest))
    return None if row is None else CodeRequest(typed.challenge, row.member_id, CodeAim(row.aim), row.address)


def _digest(signer: Signer, challenge: str, code: str) -> str:
    return signer.keyed_hash("code", challenge, code)
