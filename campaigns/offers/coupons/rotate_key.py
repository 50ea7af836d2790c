"""Rotation of a pool's key."""

import os
import re
from typing import Final

from campaigns.core.coupon_keys import KEYS_VARIABLE, add_key
from campaigns.core.errors import UserError
from campaigns.store.people import audit
from campaigns.workspace.context import Context

_POOL: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")


def rotate_key(context: Context, pool: str) -> int:
    """Add a key to the workspace's file, note it in the audit log, and return its number.

    Raise UserError for no name of a pool, and where the environment holds the keys: it is not ours to change.
    """
    if _POOL.fullmatch(pool) is None:
        message = "a pool has small letters, digits and `_`, and begins with a letter"
        raise UserError.about(pool, message, "bad_pool", "`coffee`")
    if os.environ.get(KEYS_VARIABLE) is not None:
        hint = f"append `,{pool}:NUMBER:` and the output of `openssl rand -hex 32` to it, on every machine"
        raise UserError.about(KEYS_VARIABLE, "the keys are in the environment", "keys_elsewhere", hint)
    key = add_key(context.workspace.coupon_keys, pool)
    with context.ledger.write() as connection:
        audit.record(connection, context.clock.now(), context.actor, "rotate coupon key", pool, {"key": key.number})
    return key.number
