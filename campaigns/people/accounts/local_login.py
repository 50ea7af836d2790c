"""Sign-in by password and second factor: two steps, one answer to every failure, one lock for both."""

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from sqlalchemy import Connection

from campaigns.people.accounts import passwords, second_factor
from campaigns.people.accounts.staff_accounts import MAX_PASSWORD_LENGTH
from campaigns.store.people import accounts, audit
from campaigns.workspace.context import Context

SECOND_STEP_LIFETIME: Final = timedelta(minutes=5)
"""Time in which the second step follows the first."""


class NextStep(Enum):
    """Step that is missing after a right password."""

    CODE = auto()
    ENROLMENT = auto()  # the organisation requires a second factor, and the account has none


@dataclass(frozen=True, slots=True)
class SecondStep:
    """Proof that this browser gave the account's password: `visitor` is the browser's secret."""

    name: str
    begun_at: str
    visitor: str = field(repr=False)
    ticket: str = field(repr=False, default="")


def log_in(context: Context, name: str, password: str) -> str | NextStep | None:
    """Open a session and return its secret, or return the step that is missing.

    None for any failure, always after the same time and without a cause. After ten wrong passwords or codes within 15
    minutes the right ones fail too, for known and unknown accounts alike.
    """
    now = context.clock.now()
    with context.ledger.read() as connection:
        password_hash = accounts.password_hash(connection, name)
    is_right = passwords.verify(password_hash, password[:MAX_PASSWORD_LENGTH]) and len(password) <= MAX_PASSWORD_LENGTH
    new_hash = (
        passwords.hash_password(password)
        if is_right and password_hash and passwords.needs_rehash(password_hash)
        else None
    )
    with context.ledger.write() as connection:
        is_refused = not is_right or accounts.password_hash(connection, name) != password_hash
        if _is_locked(context, connection, name) or is_refused or not _may_use_password(context, connection, name):
            _record_failure(context, connection, name)
            return None
        if new_hash:
            accounts.store_rehash(connection, name, new_hash)
        account = accounts.get(connection, name)
        if account is not None and account.has_totp:
            return NextStep.CODE
        if context.settings.staff.totp == "required":
            return NextStep.ENROLMENT
        audit.record(connection, now, name, "log_in", name)
        return accounts.open_session(connection, name, now)


def begin_second_step(context: Context, name: str, visitor: str) -> SecondStep:
    """Return the second step of a browser after the account's right password."""
    begun_at = context.clock.now().isoformat()
    with context.ledger.read() as connection:
        ticket = _ticket(context, accounts.password_hash(connection, name), name, begun_at, visitor)
    return SecondStep(name, begun_at, visitor, ticket)


def log_in_with_code(context: Context, step: SecondStep, code: str) -> str | None:
    """Open a session after the second step and return its secret; None for any failure.

    A step is over after five minutes, and when the password changes; another browser cannot take it.
    """
    with context.ledger.write() as connection:
        now, password_hash = context.clock.now(), accounts.password_hash(connection, step.name)
        ticket = _ticket(context, password_hash, step.name, step.begun_at, step.visitor)
        if password_hash is None or not hmac.compare_digest(step.ticket.encode(), ticket.encode()):
            return None
        if not timedelta() <= now - datetime.fromisoformat(step.begun_at) <= SECOND_STEP_LIFETIME:
            return None
        is_locked = _is_locked(context, connection, step.name) or not _may_use_password(context, connection, step.name)
        kind = None if is_locked else second_factor.redeem(context, connection, step.name, code)
        if kind is None:
            _record_failure(context, connection, step.name)
            return None
        audit.record(connection, now, step.name, "log_in", step.name, {"second_factor": kind})
        return accounts.open_session(connection, step.name, now)


def are_passwords_in_use(context: Context) -> bool:
    """Return whether any account may sign in by password now."""
    if context.settings.staff.passwords == "on":
        return True
    now = context.clock.now()
    with context.ledger.read() as connection:
        return any(_is_emergency(account, now) for account in accounts.list_all(connection))


def _may_use_password(context: Context, connection: Connection, name: str) -> bool:
    if context.settings.staff.passwords == "on":
        return True
    account = accounts.get(connection, name)
    return account is not None and _is_emergency(account, context.clock.now())


def _is_emergency(account: accounts.Account, now: datetime) -> bool:
    return account.disabled_at is None and account.emergency_until is not None and account.emergency_until > now


def _is_locked(context: Context, connection: Connection, name: str) -> bool:
    key = context.signer.keyed_hash("account", name)
    return accounts.count_login_failures(connection, key, context.clock.now()) >= accounts.MAX_LOGIN_FAILURES


def _record_failure(context: Context, connection: Connection, name: str) -> None:
    accounts.record_login_failure(connection, context.signer.keyed_hash("account", name), context.clock.now())


def _ticket(context: Context, password_hash: str | None, name: str, begun_at: str, visitor: str) -> str:
    return context.signer.keyed_hash("second step", password_hash, name, begun_at, visitor)
