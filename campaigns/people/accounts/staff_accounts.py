"""Staff accounts: creation, roles, passwords and sign-in; `core.model.roles` says which acts a role permits."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection

from campaigns.core.errors import AuthorError
from campaigns.core.model.roles import Act, Role, may
from campaigns.people.accounts import passwords
from campaigns.runs.engine import Engine
from campaigns.store.people import accounts, audit
from campaigns.store.people.accounts import Account

MIN_PASSWORD_LENGTH: Final = 12
_MAX_PASSWORD_LENGTH: Final = 200
_NAME: Final = re.compile(r"[a-z_][a-z0-9._-]{0,31}")


def add(engine: Engine, name: str, roles: Iterable[Role], password: str) -> None:
    """Create an account; raise UserError when the name is invalid or taken, or the password too weak."""
    if not _NAME.fullmatch(name):
        message = "a name is up to 32 of the characters a-z 0-9 . _ -"
        raise AuthorError.about(name, message, "no_name", "the name that they have on this machine, for its commands")
    password_hash, now, role_set = (
        passwords.hashed(_require_strong(name, password)),
        engine.clock.now(),
        frozenset(roles),
    )
    with engine.ledger.write() as connection:
        if not accounts.add(connection, name, role_set, password_hash, now):
            raise AuthorError.about(name, "this name is taken", "name_taken", "`viesti agent list`")
        audit.note(connection, now, engine.actor, "add_agent", name, {"roles": sorted(role_set)})


def every(engine: Engine) -> Sequence[Account]:
    """Return all accounts."""
    with engine.ledger.read() as connection:
        return accounts.every(connection)


def give_roles(engine: Engine, name: str, roles: Iterable[Role]) -> None:
    """Replace an account's roles and end its sessions; raise UserError when the account is unknown."""
    role_names = sorted(frozenset(roles))
    with engine.ledger.write() as connection:
        _require_account(connection, name)
        accounts.change(connection, name, roles=role_names)
        audit.note(connection, engine.clock.now(), engine.actor, "give_roles", name, {"roles": role_names})


def set_password(engine: Engine, name: str, password: str) -> None:
    """Replace an account's password and end its sessions; raise UserError as `add` does."""
    password_hash = passwords.hashed(_require_strong(name, password))
    with engine.ledger.write() as connection:
        _require_account(connection, name)
        accounts.change(connection, name, password=password_hash)
        audit.note(connection, engine.clock.now(), engine.actor, "set_password", name)


def disable(engine: Engine, name: str) -> None:
    """Disable an account and end its sessions; raise UserError when the account is unknown."""
    now = engine.clock.now()
    with engine.ledger.write() as connection:
        _require_account(connection, name)
        accounts.change(connection, name, disabled_at=now)
        audit.note(connection, now, engine.actor, "disable_agent", name)


def log_in(engine: Engine, name: str, password: str) -> str | None:
    """Open a session and return its secret; None for any failure, in constant time and without the cause.

    After ten wrong passwords within 15 minutes the right one fails too, for known and unknown accounts alike.
    """
    now, account = engine.clock.now(), engine.signer.opaque("account", name)
    with engine.ledger.read() as connection:
        password_hash = accounts.password_of(connection, name)
    is_right = passwords.fits(password_hash, password[:_MAX_PASSWORD_LENGTH])
    new_hash = (
        passwords.hashed(password) if is_right and password_hash and passwords.is_outdated(password_hash) else None
    )
    with engine.ledger.write() as connection:
        is_locked = accounts.failures(connection, account, now) >= accounts.MOST_FAILURES
        if is_locked or not is_right or accounts.password_of(connection, name) != password_hash:
            accounts.failed(connection, account, now)
            return None
        if new_hash:
            accounts.rehash(connection, name, new_hash)
        audit.note(connection, now, name, "log_in", name)
        return accounts.begin(connection, name, now)


def demand(engine: Engine, act: Act) -> None:
    """Raise UserError unless `engine.actor` may perform an act.

    An act that no account may perform is open to anyone who can run commands on this machine.
    """
    with engine.ledger.read() as connection:
        permitted = [account for account in accounts.every(connection) if may(account.roles, act)]
    if permitted and not any(account.name == engine.actor and account.may(act) for account in permitted):
        message = f"the account {engine.actor} may not do this"
        raise AuthorError.about(act.value, message, "not_permitted", "`viesti agent list` says who may")


def _require_strong(name: str, password: str) -> str:
    if not MIN_PASSWORD_LENGTH <= len(password) <= _MAX_PASSWORD_LENGTH or name in password.lower():
        message = (
            f"a password has {MIN_PASSWORD_LENGTH} to {_MAX_PASSWORD_LENGTH} characters, and the name is not in it"
        )
        raise AuthorError.about(name, message, "weak_password", "several words are easy to remember")
    return password


def _require_account(connection: Connection, name: str) -> None:
    if accounts.get(connection, name) is None:
        raise AuthorError.about(name, "there is no account of this name", "unknown_agent", "`viesti agent list`")
