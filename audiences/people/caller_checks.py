"""Checks by an agent that a caller is the member: results, wrong tries, and codes read out; never an answer."""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from audiences.access.numeric_codes import is_same_code, numeric_code
from audiences.identity_tables import CALLER_CHECK, NONCES
from campaigns.core.tokens import Signer

CHECK_LIFETIME: Final = timedelta(minutes=15)
CODE_LIFETIME: Final = timedelta(minutes=10)
MAX_WRONG_PER_DAY: Final = 5
"""Wrong answers and codes about one member within a day, by all agents together."""

MAX_CODES_PER_DAY: Final = 6
_DAY: Final = timedelta(days=1)
_RETENTION: Final = timedelta(days=2)


class CheckWay(StrEnum):
    """Way in which a caller was checked."""

    QUESTIONS = "questions"
    CODE = "code"
    DOCUMENT = "document"


def record_result(
    connection: Connection, member_id: str, session: str, way: CheckWay, now: datetime, *, wrong: int, passed: bool
) -> None:
    """Store the result of a check; `wrong` tries count towards the limit of the member's day."""
    row = {"member_id": member_id, "session": session, "way": way.value, "started_at": now, "wrong": wrong}
    connection.execute(insert(CALLER_CHECK).values(**row, nonce=0, passed_at=now if passed else None))


def is_checked(connection: Connection, session: str, now: datetime) -> bool:
    """Return whether a check was passed in this session, about this member, within `CHECK_LIFETIME`."""
    passed = (CALLER_CHECK.c.session == session, CALLER_CHECK.c.passed_at > now - CHECK_LIFETIME)
    return connection.execute(select(CALLER_CHECK.c.number).where(*passed).limit(1)).first() is not None


def is_locked(connection: Connection, member_id: str, now: datetime) -> bool:
    """Return whether too many tries about a member were wrong within a day, whoever made them."""
    recent = (CALLER_CHECK.c.member_id == member_id, CALLER_CHECK.c.started_at > now - _DAY)
    wrong = connection.execute(select(func.coalesce(func.sum(CALLER_CHECK.c.wrong), 0)).where(*recent)).scalar_one()
    return int(wrong) >= MAX_WRONG_PER_DAY


def start_code(connection: Connection, member_id: str, session: str, now: datetime) -> Row[Any] | None:
    """Store a code to be sent to the member; None after `MAX_CODES_PER_DAY`. An earlier one of the session is void."""
    recent = (CALLER_CHECK.c.member_id == member_id, CALLER_CHECK.c.started_at > now - _DAY)
    of_code = (CALLER_CHECK.c.way == CheckWay.CODE, CALLER_CHECK.c.nonce > 0)
    if connection.execute(select(func.count()).where(*recent, *of_code)).scalar_one() >= MAX_CODES_PER_DAY:
        return None
    row = {"member_id": member_id, "session": session, "way": CheckWay.CODE.value, "started_at": now, "wrong": 0}
    stored = insert(CALLER_CHECK).values(**row, nonce=1 + secrets.randbelow(NONCES - 1))
    return connection.execute(stored.returning(*CALLER_CHECK.c)).one()


def try_code(connection: Connection, signer: Signer, session: str, code: str, now: datetime) -> bool:
    """Pass the check of this session when the code of its newest message is right; count a wrong one.

    Call it only while the member is not locked; commit either way.
    """
    newest = (
        select(CALLER_CHECK)
        .where(CALLER_CHECK.c.session == session, CALLER_CHECK.c.way == CheckWay.CODE, CALLER_CHECK.c.nonce > 0)
        .order_by(CALLER_CHECK.c.number.desc())
        .limit(1)
    )
    check = connection.execute(newest).one_or_none()
    if check is None:
        return False
    of_check = update(CALLER_CHECK).where(CALLER_CHECK.c.number == check.number)
    is_open = check.passed_at is None and check.started_at > now - CODE_LIFETIME
    if not is_open or not is_same_code(code, caller_code(signer, check.number, check.nonce)):
        connection.execute(of_check.values(wrong=check.wrong + 1))
        return False
    connection.execute(of_check.values(passed_at=now))
    return True


def caller_code(signer: Signer, number: int, nonce: int) -> str:
    """Return the digits of a check's code, computed anew each time: they are stored nowhere."""
    return numeric_code(signer, "caller check", number, nonce)


def purge_checks(connection: Connection, now: datetime) -> int:
    """Delete checks that neither open anything nor count any more; return how many."""
    return connection.execute(delete(CALLER_CHECK).where(CALLER_CHECK.c.started_at < now - _RETENTION)).rowcount
