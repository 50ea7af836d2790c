"""Staff accounts: creation, roles, passwords and sign-in; `core.model.roles` says which acts a role permits."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection

from campaigns.core.errors import UserError
from campaigns.core.model.enums import Language
from campaigns.core.model.roles import Permission, Role, is_permitted
from campaigns.people.accounts import passwords
from campaigns.store.people import accounts, audit
from campaigns.store.people.accounts import Account
from campaigns.workspace.context import Context

MIN_PASSWORD_LENGTH: Final = 12
_MAX_PASSWORD_LENGTH: Final = 200
_NAME: Final = re.compile(r"[a-z_][a-z0-9._-]{0,31}")


def add(context: Context, name: str, roles: Iterable[Role], password: str) -> None:
    """Create an account; raise UserError when the name is invalid or taken, or the password too weak."""
    if not _NAME.fullmatch(name):
        message = "a name is up to 32 of the characters a-z 0-9 . _ -"
        raise UserError.about(name, message, "no_name", "the name that they have on this machine, for its commands")
    password_hash, now, role_set = (
        passwords.hash_password(_require_strong(context, name, password)),
        context.clock.now(),
        frozenset(roles),
    )
    with context.ledger.write() as connection:
        if not accounts.add(connection, name, role_set, password_hash, now):
            raise UserError.about(name, "this name is taken", "name_taken", "`viesti agent list`")
        audit.record(connection, now, context.actor, "add_agent", name, {"roles": sorted(role_set)})


def list_accounts(context: Context) -> Sequence[Account]:
    """Return all accounts."""
    with context.ledger.read() as connection:
        return accounts.list_all(connection)


def give_roles(context: Context, name: str, roles: Iterable[Role]) -> None:
    """Replace an account's roles and end its sessions; raise UserError when the account is unknown."""
    role_names = sorted(frozenset(roles))
    with context.ledger.write() as connection:
        _require_account(connection, name)
        accounts.change_account(connection, name, roles=role_names)
        audit.record(connection, context.clock.now(), context.actor, "give_roles", name, {"roles": role_names})


def set_password(context: Context, name: str, password: str) -> None:
    """Replace an account's password and end its sessions; raise UserError as `add` does."""
    password_hash = passwords.hash_password(_require_strong(context, name, password))
    with context.ledger.write() as connection:
        _require_account(connection, name)
        accounts.change_account(connection, name, password=password_hash)
        audit.record(connection, context.clock.now(), context.actor, "set_password", name)


def disable(context: Context, name: str) -> None:
    """Disable an account and end its sessions; raise UserError when the account is unknown."""
    now = context.clock.now()
    with context.ledger.write() as connection:
        _require_account(connection, name)
        accounts.change_account(connection, name, disabled_at=now)
        audit.record(connection, now, context.actor, "disable_agent", name)


def log_in(context: Context, name: str, password: str) -> str | None:
    """Open a session and return its secret; None for any failure, always after the same time and without a cause.

    After ten wrong passwords within 15 minutes the right one fails too, for known and unknown accounts alike.
    """
    now, account = context.clock.now(), context.signer.keyed_hash("account", name)
    with context.ledger.read() as connection:
        password_hash = accounts.password_hash(connection, name)
    is_right = passwords.verify(password_hash, password[:_MAX_PASSWORD_LENGTH])
    new_hash = (
        passwords.hash_password(password)
        if is_right and password_hash and passwords.needs_rehash(password_hash)
        else None
    )
    with context.ledger.write() as connection:
        is_locked = accounts.count_login_failures(connection, account, now) >= accounts.MAX_LOGIN_FAILURES
        if is_locked or not is_right or accounts.password_hash(connection, name) != password_hash:
            accounts.record_login_failure(connection, account, now)
            return None
        if new_hash:
            accounts.store_rehash(connection, name, new_hash)
        audit.record(connection, now, name, "log_in", name)
        return accounts.open_session(connection, name, now)


def require_permission(context: Context, act: Permission) -> None:
    """Raise UserError unless `context.actor` may perform an act.

    An act that no account may perform is open to anyone who can run commands on this machine.
    """
    with context.ledger.read() as connection:
        permitted = [account for account in accounts.list_all(connection) if is_permitted(account.roles, act)]
    if permitted and not any(account.name == context.actor and account.may(act) for account in permitted):
        message = f"the account {context.actor} may not do this"
        raise UserError.about(act.value, message, "not_permitted", "`viesti agent list` says who may")


def _require_strong(context: Context, name: str, password: str) -> str:
    if not MIN_PASSWORD_LENGTH <= len(password) <= _MAX_PASSWORD_LENGTH or name in password.lower():
        message = (
            f"a password has {MIN_PASSWORD_LENGTH} to {_MAX_PASSWORD_LENGTH} characters, and the name is not in it"
        )
        raise UserError.about(name, message, "weak_password", "several words are easy to remember")
    organisation = context.settings.organisation
    names = (organisation.name.text(language) for language in Language)
    weakness = passwords.find_weakness(password, [name, organisation.legal_name, *names])
    if weakness is not None:
        message = f"this password is easy to guess: {weakness.reason}"
        raise UserError.about(name, message, "weak_password", f"{weakness.step}; several words are easy to remember")
    return password


def _require_account(connection: Connection, name: str) -> None:
    if accounts.get(connection, name) is None:
        raise UserError.about(name, "there is no account of this name", "unknown_agent", "`viesti agent list`")
