"""Staff accounts in the ledger: roles, sessions, and failed logins."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from campaigns.core.model.roles import Permission, Role, is_permitted
from campaigns.store.people.people_tables import FAILED_LOGIN, STAFF_ACCOUNT, STAFF_SESSION

SESSION_IDLE_LIMIT: Final = timedelta(minutes=20)
SESSION_LIFETIME: Final = timedelta(hours=4)
MAX_LOGIN_FAILURES: Final = 10
LOGIN_FAILURE_WINDOW: Final = timedelta(minutes=15)
_FAILURES_KEPT: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ProviderIdentity:
    """Person at an identity provider: `subject` is unique with its `issuer`, and never given to another person."""

    issuer: str
    subject: str


@dataclass(frozen=True, slots=True)
class Account:
    """Staff account with its roles."""

    name: str
    roles: frozenset[Role]
    since: datetime
    disabled_at: datetime | None
    issuer: str | None = None
    has_totp: bool = False
    emergency_until: datetime | None = None

    def may(self, act: Permission) -> bool:
        """Return whether the account is enabled and its roles permit an act."""
        return self.disabled_at is None and is_permitted(self.roles, act)


def add(
    connection: Connection,
    name: str,
    roles: Iterable[Role],
    password: str | None,
    now: datetime,
    identity: ProviderIdentity | None = None,
) -> bool:
    """Store a new account; return False when the name is taken, also by a disabled one: the audit log names it."""
    if get(connection, name) is not None:
        return False
    row: dict[str, Any] = {"name": name, "roles": sorted(roles), "password": password, "since": now}
    if identity is not None:
        row |= {"issuer": identity.issuer, "subject": identity.subject}
    connection.execute(insert(STAFF_ACCOUNT).values(**row))
    return True


def get(connection: Connection, name: str) -> Account | None:
    """Return the account of a name."""
    row = connection.execute(select(STAFF_ACCOUNT).where(STAFF_ACCOUNT.c.name == name)).mappings().one_or_none()
    return None if row is None else _account(row)


def find_by_identity(connection: Connection, identity: ProviderIdentity) -> Account | None:
    """Return the account of a person at an identity provider, a disabled one too."""
    is_theirs = (STAFF_ACCOUNT.c.issuer == identity.issuer) & (STAFF_ACCOUNT.c.subject == identity.subject)
    row = connection.execute(select(STAFF_ACCOUNT).where(is_theirs)).mappings().one_or_none()
    return None if row is None else _account(row)


def list_all(connection: Connection) -> Sequence[Account]:
    """Return all accounts by name, disabled ones included."""
    return [
        _account(row) for row in connection.execute(select(STAFF_ACCOUNT).order_by(STAFF_ACCOUNT.c.name)).mappings()
    ]


def password_hash(connection: Connection, name: str) -> str | None:
    """Return the password hash of an account that is not disabled."""
    query = select(STAFF_ACCOUNT.c.password).where(STAFF_ACCOUNT.c.name == name, STAFF_ACCOUNT.c.disabled_at.is_(None))
    password: str | None = connection.execute(query).scalar_one_or_none()
    return password


def change_account(connection: Connection, name: str, **values: Any) -> None:
    """Change an account and end its sessions, so that the next login uses the new values."""
    connection.execute(update(STAFF_ACCOUNT).where(STAFF_ACCOUNT.c.name == name).values(**values))
    connection.execute(delete(STAFF_SESSION).where(STAFF_SESSION.c.agent == name))


def store_rehash(connection: Connection, name: str, password: str) -> None:
    """Store the same password, hashed at the current cost."""
    connection.execute(update(STAFF_ACCOUNT).where(STAFF_ACCOUNT.c.name == name).values(password=password))


def open_session(connection: Connection, name: str, now: datetime) -> str:
    """Open a session and return its secret, of which only the digest is stored. Ended sessions are deleted."""
    is_over = (STAFF_SESSION.c.ends_at <= now) | (STAFF_SESSION.c.seen_at <= now - SESSION_IDLE_LIMIT)
    connection.execute(delete(STAFF_SESSION).where(is_over))
    secret = secrets.token_urlsafe(32)
    row = {"digest": _digest(secret), "agent": name, "ends_at": now + SESSION_LIFETIME, "seen_at": now}
    connection.execute(insert(STAFF_SESSION).values(**row))
    return secret


def account_of_session(connection: Connection, secret: str, now: datetime) -> Account | None:
    """Return the account of a session; None when there is none, it has ended, or the account is disabled."""
    query = (
        select(STAFF_ACCOUNT)
        .join(STAFF_SESSION, STAFF_SESSION.c.agent == STAFF_ACCOUNT.c.name)
        .where(STAFF_SESSION.c.digest == _digest(secret), STAFF_ACCOUNT.c.disabled_at.is_(None))
        .where(STAFF_SESSION.c.ends_at > now, STAFF_SESSION.c.seen_at > now - SESSION_IDLE_LIMIT)
    )
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _account(row)


def touch_session(connection: Connection, secret: str, now: datetime) -> None:
    """Record that a session was used."""
    connection.execute(update(STAFF_SESSION).where(STAFF_SESSION.c.digest == _digest(secret)).values(seen_at=now))


def end_session(connection: Connection, secret: str) -> None:
    """End a session; do nothing when there is none."""
    connection.execute(delete(STAFF_SESSION).where(STAFF_SESSION.c.digest == _digest(secret)))


def count_login_failures(connection: Connection, account: str, now: datetime) -> int:
    """Count the recent wrong passwords for an account; `account` is a keyed hash."""
    recent = select(func.count()).where(
        FAILED_LOGIN.c.account == account, FAILED_LOGIN.c.at > now - LOGIN_FAILURE_WINDOW
    )
    return connection.execute(recent).scalar_one()


def record_login_failure(connection: Connection, account: str, now: datetime) -> None:
    """Record a wrong password. Records older than a day are deleted."""
    connection.execute(delete(FAILED_LOGIN).where(FAILED_LOGIN.c.at < now - _FAILURES_KEPT))
    connection.execute(insert(FAILED_LOGIN).values(account=account, at=now))


def _account(row: RowMapping) -> Account:
    roles = frozenset(Role(role) for role in row["roles"])
    return Account(
        row["name"],
        roles,
        row["since"],
        row["disabled_at"],
        row["issuer"],
        has_totp=row["totp_key"] is not None,
        emergency_until=row["emergency_until"],
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
