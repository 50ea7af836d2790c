"""Allowances: how many messages with a code one kind of requester may cause in a day.

Strangers share one allowance of an address and one of its member, so that an address gets ten messages a day at most,
whoever knows it. A session, the link of a message and a browser in which the member signed in before have allowances
of their own: no stranger can use them up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from audiences.access.attempt_limit import AttemptLimit, count_attempt, forget_attempt
from campaigns.core.tokens import Signer

MESSAGES_A_DAY: Final = 10
_LIMIT: Final = AttemptLimit(MESSAGES_A_DAY // 2, timedelta(days=1))  # five at once, then one every five hours


@dataclass(frozen=True, slots=True)
class Requester:
    """Requester of codes: opaque keys of the allowances that each request takes from.

    `is_stranger`: each message also takes from the allowance that all strangers share at its member.
    """

    keys: tuple[str, ...]
    is_stranger: bool = False


def stranger(signer: Signer, address: str) -> Requester:
    """Return somebody who has typed an address, known or not."""
    return Requester((_key(signer, "address", address),), is_stranger=True)


def known_browser(signer: Signer, browser: str, address: str) -> Requester:
    """Return a browser in which a member with this address has signed in before."""
    return Requester((_key(signer, "browser", browser, address),))


def link_holder(signer: Signer, run_number: int, position: int) -> Requester:
    """Return somebody with the link of one message."""
    return Requester((_key(signer, "link", run_number, position),))


def signed_in_member(signer: Signer, member_id: str, new_address: str | None = None) -> Requester:
    """Return a member in a session; a code to a new address takes from what strangers may send there, too."""
    key = _key(signer, "session", member_id, "known" if new_address is None else "new")
    return Requester((key,) if new_address is None else (key, _key(signer, "address", new_address)))


def member_key(signer: Signer, member_id: str) -> str:
    """Return the key of the allowance that all strangers share at a member."""
    return _key(signer, "member", member_id)


def take(connection: Connection, keys: Sequence[str], now: datetime) -> datetime | None:
    """Take a message from every allowance; when one is used up, return the time of the next and take nothing."""
    taken: list[str] = []
    for key in keys:
        attempt = count_attempt(connection, key, _LIMIT, now)
        if not attempt.allowed:
            give_back(connection, taken)
            return attempt.next_at
        taken.append(key)
    return None


def give_back(connection: Connection, keys: Sequence[str]) -> None:
    """Give messages back: their code was typed, so its member asked for them."""
    for key in keys:
        forget_attempt(connection, key, _LIMIT)


def _key(signer: Signer, *parts: object) -> str:
    return signer.keyed_hash("code allowance", *parts)
