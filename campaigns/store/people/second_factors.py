"""Second factors of staff accounts in the ledger: encrypted TOTP key, last used time step, recovery codes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select, update

from campaigns.store.people import accounts
from campaigns.store.people.people_tables import STAFF_ACCOUNT


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """Second factor of an account: its encrypted key, and the keyed hashes of its unused recovery codes."""

    sealed_key: str = field(repr=False)
    recovery_codes: Sequence[str] = field(repr=False)


def find(connection: Connection, name: str) -> SecondFactor | None:
    """Return the second factor of an account, if it has one."""
    query = select(STAFF_ACCOUNT.c.totp_key, STAFF_ACCOUNT.c.recovery_codes).where(STAFF_ACCOUNT.c.name == name)
    row = connection.execute(query).one_or_none()
    return None if row is None or row.totp_key is None else SecondFactor(row.totp_key, row.recovery_codes or ())


def store(connection: Connection, name: str, factor: SecondFactor | None, step: int | None = None) -> None:
    """Replace or remove the second factor of an account, and end its sessions; `step` is used up already."""
    values = {
        "totp_key": factor and factor.sealed_key,
        "totp_step": step,
        "recovery_codes": factor and list(factor.recovery_codes),
    }
    accounts.change_account(connection, name, **values)


def use_step(connection: Connection, name: str, step: int) -> bool:
    """Use up the code of a time step; return False when it, or a later one, was used before."""
    is_unused = STAFF_ACCOUNT.c.totp_step.is_(None) | (STAFF_ACCOUNT.c.totp_step < step)
    change = update(STAFF_ACCOUNT).where(STAFF_ACCOUNT.c.name == name, is_unused).values(totp_step=step)
    return connection.execute(change).rowcount == 1


def use_recovery_code(connection: Connection, name: str, code_hash: str) -> bool:
    """Use up a recovery code in this write transaction; return False when it is none of the account's."""
    factor = find(connection, name)
    if factor is None or code_hash not in factor.recovery_codes:
        return False
    left = [code for code in factor.recovery_codes if code != code_hash]
    connection.execute(update(STAFF_ACCOUNT).where(STAFF_ACCOUNT.c.name == name).values(recovery_codes=left))
    return True
