"""Second factor of local accounts: an authenticator app, and recovery codes for the day when it is lost."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from campaigns.core.clock import Clock
from campaigns.core.errors import UserError
from campaigns.people.accounts import secret_encryption, staff_accounts, totp
from campaigns.people.accounts.secret_encryption import UnreadableSecretError
from campaigns.store.people import audit, second_factors
from campaigns.store.people.second_factors import SecondFactor
from campaigns.workspace.context import Context

RECOVERY_CODES: Final = 10
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUP: Final = 5
_GROUPS: Final = 3
_TELEPHONES: Final = Clock()
"""Clock of the apps: the real time, wherever the workspace's clock stands."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """New key for an app, and new recovery codes; nothing of it is stored before a code confirms it."""

    account: str
    key: str = field(repr=False)
    uri: str = field(repr=False)
    recovery_codes: Sequence[str] = field(repr=False)


def begin(context: Context, name: str) -> Enrolment:
    """Return a new enrolment; raise UserError when the account is unknown or signs in at the provider."""
    account = staff_accounts.require_account(context, name)
    if account.issuer is not None:
        message = f"this account signs in at {account.issuer}, which asks for its own second factor"
        raise UserError.about(name, message, "provider_account", "set it up there")
    key, settings = totp.new_key(), context.settings
    uri = totp.provisioning_uri(key, name, settings.organisation.name.text(settings.default_language))
    return Enrolment(name, key, uri, [_recovery_code() for _ in range(RECOVERY_CODES)])


def confirm(context: Context, enrolment: Enrolment, code: str) -> None:
    """Store the second factor and end the account's sessions; raise UserError when the app's code is wrong."""
    step = totp.matching_step(enrolment.key, code, _TELEPHONES.now())
    name = enrolment.account
    if step is None:
        message = "this is not the code that the app shows: nothing was changed"
        raise UserError.about(name, message, "wrong_code", "is the telephone's time right? give the command again")
    hashes = [_hash_code(context, name, recovery_code) for recovery_code in enrolment.recovery_codes]
    factor = SecondFactor(secret_encryption.encrypt(context.signer, name, enrolment.key), hashes)
    with context.ledger.write() as connection:
        second_factors.store(connection, name, factor, step)
        audit.record(connection, context.clock.now(), context.actor, "set_second_factor", name)


def remove(context: Context, name: str) -> None:
    """Remove the second factor and end the account's sessions; raise UserError when there is none."""
    with context.ledger.write() as connection:
        if second_factors.find(connection, name) is None:
            raise UserError.about(name, "this account has no second factor", "no_second_factor", "`viesti agent list`")
        second_factors.store(connection, name, None)
        audit.record(connection, context.clock.now(), context.actor, "remove_second_factor", name)


def redeem(context: Context, connection: Connection, name: str, code: str, now: datetime | None = None) -> str | None:
    """Use up a code of the app, or a recovery code; return which of them it was, None when it is neither.

    `now` is the telephones' time. A code works once, and no code of an earlier time step works after it.
    """
    factor = second_factors.find(connection, name)
    if factor is None:
        return None
    try:
        key = secret_encryption.decrypt(context.signer, name, factor.sealed_key)
    except UnreadableSecretError:  # signed by a key that is gone: only a new enrolment helps
        return None
    step = totp.matching_step(key, code, now or _TELEPHONES.now())
    if step is not None:
        return "app" if second_factors.use_step(connection, name, step) else None
    for code_hash in _code_hashes(context, name, code):
        if second_factors.use_recovery_code(connection, name, code_hash):
            return "recovery code"
    return None


def _recovery_code() -> str:
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def _hash_code(context: Context, name: str, code: str) -> str:
    return context.signer.keyed_hash("recovery code", name, _plain(code))


def _code_hashes(context: Context, name: str, code: str) -> frozenset[str]:
    return context.signer.keyed_hashes("recovery code", name, _plain(code))


def _plain(code: str) -> str:
    return "".join(code.split()).replace("-", "").lower()
