"""Sign-in by the identity provider: roles from claims at each sign-in, accounts made and changed by them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from campaigns.core.model.roles import Role
from campaigns.core.model.staff_settings import OidcSettings
from campaigns.people.accounts.staff_accounts import ACCOUNT_NAME
from campaigns.store.people import accounts, audit
from campaigns.store.people.accounts import Account, ProviderIdentity
from campaigns.workspace.context import Context


class SignInRefusal(StrEnum):
    """Reason why a sign-in by the identity provider opens no session."""

    NO_ROLE = "no_role"
    NO_NAME = "no_name"
    NAME_TAKEN = "name_taken"
    DISABLED = "disabled"
    FAILED = "failed"  # the answer cannot be accepted
    UNUSABLE = "unusable"  # the provider cannot be used now


@dataclass(frozen=True, slots=True)
class RefusedPerson:
    """Person whom the provider knows and who gets no session."""

    reason: SignInRefusal


def log_in(context: Context, settings: OidcSettings, claims: Mapping[str, Any]) -> str | RefusedPerson:
    """Open a session for the person of verified claims and return its secret, or why they get none.

    The account is theirs by issuer and subject, never by its name: a name that somebody else has is refused.
    """
    identity = ProviderIdentity(settings.issuer, claims["sub"])
    roles = roles_of(settings, claims)
    with context.ledger.write() as connection:
        account = accounts.find_by_identity(connection, identity)
        if account is not None:
            return _log_in_known(context, connection, account, roles, settings)
        if not roles:
            return RefusedPerson(SignInRefusal.NO_ROLE)
        name = account_name(claims.get(settings.name_claim))
        if name is None:
            return RefusedPerson(SignInRefusal.NO_NAME)
        now = context.clock.now()
        if not accounts.add(connection, name, roles, None, now, identity):
            return RefusedPerson(SignInRefusal.NAME_TAKEN)
        detail = {"roles": sorted(roles), "issuer": settings.issuer}
        audit.record(connection, now, name, "add_agent", name, detail)
        return _open(context, connection, name, settings)


def roles_of(settings: OidcSettings, claims: Mapping[str, Any]) -> frozenset[Role]:
    """Return the roles of the claim's values; a value counts as a whole, and only where the settings map it.

    A dot in the claim's name leads into an object, as `realm_access.roles`, unless a claim has the whole name.
    """
    value: Any = claims
    for part in [settings.roles_claim] if settings.roles_claim in claims else settings.roles_claim.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    values = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    mapped = (settings.roles.get(item, ()) for item in values if isinstance(item, str))
    return frozenset(role for roles in mapped for role in roles)


def account_name(claim: object) -> str | None:
    """Return the account name of a claim, of an e-mail address the part before the @; None when it is none."""
    if not isinstance(claim, str):
        return None
    name = claim.strip().lower().partition("@")[0]
    return name if ACCOUNT_NAME.fullmatch(name) else None


def _log_in_known(
    context: Context, connection: Connection, account: Account, roles: frozenset[Role], settings: OidcSettings
) -> str | RefusedPerson:
    if account.disabled_at is not None:
        return RefusedPerson(SignInRefusal.DISABLED)
    if roles != account.roles:
        accounts.change_account(connection, account.name, roles=sorted(roles))
        detail = {"roles": sorted(roles), "issuer": settings.issuer}
        audit.record(connection, context.clock.now(), account.name, "give_roles", account.name, detail)
    if not roles:
        return RefusedPerson(SignInRefusal.NO_ROLE)
    return _open(context, connection, account.name, settings)


def _open(context: Context, connection: Connection, name: str, settings: OidcSettings) -> str:
    now = context.clock.now()
    audit.record(connection, now, name, "log_in", name, {"issuer": settings.issuer})
    return accounts.open_session(connection, name, now)
