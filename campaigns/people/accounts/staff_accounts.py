"""Accounts of those who work here: made, changed, and proved by a password; what each may do is in `spec.roles`."""

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

SHORTEST: Final = 12
_LONGEST: Final = 200
_NAME: Final = re.compile(r"[a-z_][a-z0-9._-]{0,31}")


def add(engine: Engine, name: str, roles: Iterable[Role], password: str) -> None:
    """Make an account; AuthorError when the name is none or taken, or the password too short."""
    if not _NAME.fullmatch(name):
        message = "a name is up to 32 of the characters a-z 0-9 . _ -"
        raise AuthorError.about(name, message, "no_name", "the name that they have on this machine, for its commands")
    kept, now, given = passwords.hashed(_checked(name, password)), engine.clock.now(), frozenset(roles)
    with engine.ledger.write() as connection:
        if not accounts.add(connection, name, given, kept, now):
            raise AuthorError.about(name, "this name is taken", "name_taken", "`viesti agent list`")
        audit.note(connection, now, engine.actor, "add_agent", name, {"roles": sorted(given)})


def every(engine: Engine) -> Sequence[Account]:
    """All accounts."""
    with engine.ledger.read() as connection:
        return accounts.every(connection)


def give_roles(engine: Engine, name: str, roles: Iterable[Role]) -> None:
    """Give an account these roles and no others; its sessions end. AuthorError when there is no such account."""
    given = sorted(frozenset(roles))
    with engine.ledger.write() as connection:
        _demand_account(connection, name)
        accounts.change(connection, name, roles=given)
        audit.note(connection, engine.clock.now(), engine.actor, "give_roles", name, {"roles": given})


def set_password(engine: Engine, name: str, password: str) -> None:
    """Give an account another password; its sessions end. AuthorError as `add`."""
    kept = passwords.hashed(_checked(name, password))
    with engine.ledger.write() as connection:
        _demand_account(connection, name)
        accounts.change(connection, name, password=kept)
        audit.note(connection, engine.clock.now(), engine.actor, "set_password", name)


def disable(engine: Engine, name: str) -> None:
    """Let an account do nothing more; its sessions end. AuthorError when there is no such account."""
    now = engine.clock.now()
    with engine.ledger.write() as connection:
        _demand_account(connection, name)
        accounts.change(connection, name, disabled_at=now)
        audit.note(connection, now, engine.actor, "disable_agent", name)


def log_in(engine: Engine, name: str, password: str) -> str | None:
    """Open a session and return its secret; None for whatever is wrong, in the same time and without saying what.

    After ten wrong passwords within a quarter of an hour the right one does not open either, of any account or none.
    """
    now, account = engine.clock.now(), engine.signer.opaque("account", name)
    with engine.ledger.read() as connection:
        kept = accounts.password_of(connection, name)
    fitting = passwords.fits(kept, password[:_LONGEST])
    renewed = passwords.hashed(password) if fitting and kept and passwords.is_outdated(kept) else None
    with engine.ledger.write() as connection:
        barred = accounts.failures(connection, account, now) >= accounts.MOST_FAILURES
        if barred or not fitting or accounts.password_of(connection, name) != kept:
            accounts.failed(connection, account, now)
            return None
        if renewed:
            accounts.rehash(connection, name, renewed)
        audit.note(connection, now, name, "log_in", name)
        return accounts.begin(connection, name, now)


def demand(engine: Engine, act: Act) -> None:
    """AuthorError unless `engine.actor` may do this.

    An act that no account was ever given is everybody's who can run commands on this machine.
    """
    with engine.ledger.read() as connection:
        given = [account for account in accounts.every(connection) if may(account.roles, act)]
    if given and not any(account.name == engine.actor and account.may(act) for account in given):
        message = f"the account {engine.actor} may not do this"
        raise AuthorError.about(act.value, message, "not_permitted", "`viesti agent list` says who may")


def _checked(name: str, password: str) -> str:
    if not SHORTEST <= len(password) <= _LONGEST or name in password.lower():
        message = f"a password has {SHORTEST} to {_LONGEST} characters, and the name is not in it"
        raise AuthorError.about(name, message, "weak_password", "several words are easy to remember")
    return password


def _demand_account(connection: Connection, name: str) -> None:
    if accounts.get(connection, name) is None:
        raise AuthorError.about(name, "there is no account of this name", "unknown_agent", "`viesti agent list`")
