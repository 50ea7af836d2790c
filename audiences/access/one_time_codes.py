"""One-time codes: proof that the requester can read a member's mailbox or telephone. Only keyed hashes are stored."""

import secrets
from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from audiences.access.code_allowances import give_back
from audiences.access.numeric_codes import numeric_code, typed_digits
from audiences.tables import ONE_TIME_CODE
from campaigns.core.tokens import Signer

CODE_LIFETIME: Final = timedelta(minutes=10)
MAX_TRIES: Final = 5
CHALLENGE_LIFETIME: Final = timedelta(hours=1)
"""Time for which a browser keeps a challenge, at most: as long as no code of it is deleted, none is issued again."""

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
    """Request for a code. `challenge` is from `new_challenge`; `address` is the new one to verify.

    `former_codes` is the number of codes of the same request that were typed, tried out or expired: each code is new.
    """

    challenge: str
    member_id: str
    aim: CodeAim = CodeAim.SIGN_IN
    address: str | None = None
    former_codes: int = 0


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
    parts = (request.challenge, request.member_id, request.aim.value, request.address or "", request.former_codes)
    return numeric_code(signer, "digits", *parts)


def issue_code(
    connection: Connection, signer: Signer, request: CodeRequest, now: datetime, allowances: Sequence[str] = ()
) -> tuple[IssuedCode, CodeRequest]:
    """Store a code for a request, and return the request whose digits are to be sent.

    A code that is valid is used again, from now on, with the tries that it has left; one that was typed, tried out or
    expired never is. `allowances` are those that the message was taken from: a typed code gives them back. Codes are
    deleted after a day.
    """
    connection.execute(delete(ONE_TIME_CODE).where(ONE_TIME_CODE.c.issued_at < now - _RETENTION))
    codes = connection.execute(select(ONE_TIME_CODE).where(*_is_of_request(request))).all()
    valid = next((row for row in codes if row.tries_left > 0 and row.issued_at > now - CODE_LIFETIME), None)
    numbered = replace(request, former_codes=len(codes) - (valid is not None))
    digest = _digest(signer, request.challenge, code_digits(signer, numbered))
    connection.execute(delete(ONE_TIME_CODE).where(ONE_TIME_CODE.c.digest == digest))
    connection.execute(
        insert(ONE_TIME_CODE).values(
            digest=digest,
            challenge=request.challenge,
            member_id=request.member_id,
            aim=request.aim.value,
            address=request.address,
            issued_at=now,
            tries_left=MAX_TRIES if valid is None else valid.tries_left,
            allowances=[*(() if valid is None else valid.allowances or ()), *allowances],
        )
    )
    return IssuedCode.NEW if valid is None else IssuedCode.AGAIN, numbered


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
    return None if row is None else CodeRequest(typed.challenge, row.member_id, CodeAim(row.aim), row.address)


def end_codes(connection: Connection, member_id: str) -> None:
    """End the codes of a member. Their rows stay for a day, so that none is issued again."""
    connection.execute(update(ONE_TIME_CODE).where(ONE_TIME_CODE.c.member_id == member_id).values(tries_left=0))


def _is_of_request(request: CodeRequest) -> tuple[ColumnElement[bool], ...]:
    return (
        ONE_TIME_CODE.c.challenge == request.challenge,
        ONE_TIME_CODE.c.member_id == request.member_id,
        ONE_TIME_CODE.c.aim == request.aim.value,
        ONE_TIME_CODE.c.address == request.address,
    )


def _digest(signer: Signer, challenge: str, code: str) -> str:
    return signer.keyed_hash("code", challenge, code)
