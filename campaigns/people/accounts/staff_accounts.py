"""Staff accounts: creation, roles, passwords and sign-in; `core.model.roles` says which acts a role permits."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from campaigns.core.errors import UserError
from campaigns.core.model.enums import Language
from campaigns.core.model.roles import Permission, Role, is_permitted
from campaigns.people.accounts import passwords
from campaigns.store.people import accounts, audit
from campaigns.store.people.accounts import Account, ProviderIdentity
from campaigns.workspace.context import Context

MIN_PASSWORD_LENGTH: Final = 12
MAX_PASSWORD_LENGTH: Final = 200
ACCOUNT_NAME: Final = re.compile(r"[a-z_][a-z0-9._-]{0,31}")


def add(context: Context, name: str, roles: Iterable[Role], password: str) -> None:
    """Create an account; raise UserError when the name is invalid or taken, or the password too weak."""
    require_free_name(context, name)
    password_hash, now, role_set = (
        passwords.hash_password(_require_strong(context, name, password)),
        context.clock.now(),
        frozenset(roles),
    )
    with context.ledger.write() as connection:
        if not accounts.add(connection, name, role_set, password_hash, now):
            raise _name_taken_error(name)
        audit.record(connection, now, context.actor, "add_agent", name, {"roles": sorted(role_set)})


def require_free_name(context: Context, name: str) -> None:
    """Raise UserError when the name of an account is invalid or taken."""
    if not ACCOUNT_NAME.fullmatch(name):
        message = "a name is up to 32 of the characters a-z 0-9 . _ -"
        raise UserError.about(name, message, "no_name", "the name that they have on this machine, for its commands")
    if any(account.name == name for account in list_accounts(context)):
        raise _name_taken_error(name)


def list_accounts(context: Context) -> Sequence[Account]:
    """Return all accounts."""
    with context.ledger.read() as connection:
        return accounts.list_all(connection)


def require_account(context: Context, name: str) -> Account:
    """Return an account; raise UserError when it is unknown."""
    with context.ledger.read() as connection:
        return _require_account(connection, name)


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
        _require_local(connection, name)
        accounts.change_account(connection, name, password=password_hash)
        audit.record(connection, context.clock.now(), context.actor, "set_password", name)


def allow_password(context: Context, name: str, span: timedelta) -> datetime:
    """Let a local account sign in by password for a while although passwords are off; return the end.

    For the day when the identity provider is down. Raise UserError when the account has no password, or lacks a second
    factor that the organisation requires.
    """
    now = context.clock.now()
    with context.ledger.write() as connection:
        account = _require_account(connection, name)
        if accounts.password_hash(connection, name) is None:
            message = "this account has no password, or is disabled"
            raise UserError.about(name, message, "no_password", "`viesti agent list`, then a local account")
        if context.settings.staff.totp == "required" and not account.has_totp:
            message = "this account has no second factor, and `staff.totp` requires one"
            raise UserError.about(name, message, "no_second_factor", f"`viesti agent totp {name}`, then this again")
        accounts.change_account(connection, name, emergency_until=now + span)
        detail = {"until": (now + span).isoformat()}
        audit.record(connection, now, context.actor, "allow_password", name, detail)
    return now + span


def link(context: Context, name: str, subject: str) -> None:
    """Make an account one of the identity provider: its password and second factor are removed, its sessions end.

    `subject` is the person's `sub` at the provider. Raise UserError when the account is unknown, no provider is set, or
    the person has another account.
    """
    oidc = context.settings.staff.oidc
    if oidc is None:
        message = "no identity provider is set"
        raise UserError.about(name, message, "no_identity_provider", "`staff.oidc` in `config/settings.yaml`")
    identity = ProviderIdentity(oidc.issuer, subject)
    with context.ledger.write() as connection:
        _require_account(connection, name)
        other = accounts.find_by_identity(connection, identity)
        if other is not None and other.name != name:
            message = f"this person has the account {other.name}"
            raise UserError.about(name, message, "person_has_account", "disable one of the two")
        values = {"issuer": identity.issuer, "subject": subject, "password": None}
        accounts.change_account(connection, name, **values, totp_key=None, totp_step=None, recovery_codes=None)
        audit.record(connection, context.clock.now(), context.actor, "link_agent", name, {"issuer": identity.issuer})


def newly_required(context: Context, roles: Iterable[Role]) -> frozenset[Permission]:
    """Return the permissions that no account has yet: with these roles, their commands are closed to everybody else."""
    wanted = {act for act in Permission if is_permitted(roles, act)}
    with context.ledger.read() as connection:
        held = [account.roles for account in accounts.list_all(connection)]
    return frozenset(act for act in wanted if not any(is_permitted(others, act) for others in held))


def no_longer_required(context: Context, name: str, roles: Iterable[Role]) -> frozenset[Permission]:
    """Return the permissions that this account alone has, and loses: their commands are open to everybody again."""
    with context.ledger.read() as connection:
        held = {account.name: account.roles for account in accounts.list_all(connection)}
    lost = {act for act in Permission if is_permitted(held[name], act) and not is_permitted(roles, act)}
    others = [other_roles for other, other_roles in held.items() if other != name]
    return frozenset(act for act in lost if not any(is_permitted(other_roles, act) for other_roles in others))


def no_longer_possible(context: Context, name: str, roles: Iterable[Role]) -> frozenset[Permission]:
    """Return the permissions that nobody can use once this account has these roles: all others with them are disabled.

    With no roles, once it is disabled itself.
    """
    with context.ledger.read() as connection:
        others = [account for account in accounts.list_all(connection) if account.name != name]
        account = _require_account(connection, name)
    lost = {act for act in Permission if account.may(act) and not is_permitted(roles, act)}
    return frozenset(act for act in lost if not any(other.may(act) for other in others))


def disable(context: Context, name: str) -> None:
    """Disable an account and end its sessions; raise UserError when the account is unknown."""
    now = context.clock.now()
    with context.ledger.write() as connection:
        _require_account(connection, name)
        accounts.change_account(connection, name, disabled_at=now)
        audit.record(connection, now, context.actor, "disable_agent", name)


def require_permission(context: Context, act: Permission) -> None:
    """Raise UserError unless `context.actor` may perform an act.

    An act that no account may perform is open to anyone who can run commands on this machine.
    """
    with context.ledger.read() as connection:
        permitted = [account for account in accounts.list_all(connection) if is_permitted(account.roles, act)]
    if permitted and not any(account.name == context.actor and account.may(act) for account in permitted):
        *others, last = (role.value for role in Role if is_permitted([role], act))
        roles = f"{', '.join(others)} or {last}" if others else last
        message = f"this account may not do this; it takes the role {roles}"
        raise UserError.about(context.actor, message, "not_permitted", "`viesti agent list` says who may")


def _name_taken_error(name: str) -> UserError:
    return UserError.about(name, "this name is taken", "name_taken", "`viesti agent list`")


def _require_strong(context: Context, name: str, password: str) -> str:
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH or name in password.lower():
        message = f"a password has {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters, and the name is not in it"
        raise UserError.about(name, message, "weak_password", "several words are easy to remember")
    organisation = context.settings.organisation
    names = (organisation.name.text(language) for language in Language)
    weakness = passwords.find_weakness(password, [name, organisation.legal_name, *names])
    if weakness is not None:
        message = f"this password is easy to guess: {weakness.reason}"
        raise UserError.about(name, message, "weak_password", f"{weakness.step}; several words are easy to remember")
    return password


def _require_local(connection: Connection, name: str) -> None:
    account = _require_account(connection, name)
    if account.issuer is not None:
        message = f"this account signs in at {account.issuer} and has no password"
        raise UserError.about(name, message, "provider_account", "add a local account of another name")


def _require_account(connection: Connection, name: str) -> Account:
    account = accounts.get(connection, name)
    if account is None:
        raise UserError.about(name, "there is no account of this name", "unknown_agent", "`viesti agent list`")
    return account
