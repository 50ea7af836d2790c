"""Throttles per client: codes requested and typed, shared by all processes; invalid links, per process.

Link tokens have 128 bits and cannot be guessed. The link throttle only spares the ledger, so it must not write to it.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from threading import Lock
from typing import Final

from audiences.access import attempt_limit
from campaigns.core.tokens import Signer
from campaigns.store.ledger.connection import Ledger

_MAX_CLIENTS: Final = 10_000
_NETWORK_BITS: Final = 64  # prefix of an IPv6 address that one household or attacker has to itself


@dataclass(frozen=True, slots=True)
class SharedThrottle:
    """Throttle shared by all processes, in one ledger row per client.

    It allows a burst of `limit` attempts, refilled every `period`.
    """

    ledger: Ledger
    signer: Signer
    name: str
    limit: int
    period: timedelta

    def allows(self, client: str, now: datetime) -> bool:
        """Count an attempt and return whether it is allowed. The ledger stores no client address, only a keyed hash."""
        client_hash = self.signer.keyed_hash("stranger", self.name, client)
        with self.ledger.write() as connection:
            return attempt_limit.allow_attempt(connection, client_hash, self.limit, self.period, now)


@dataclass
class ProcessThrottle:
    """Throttle of one process: at most `limit` attempts of a client in any `period`."""

    limit: int
    period: timedelta
    _tries: OrderedDict[str, deque[datetime]] = field(default_factory=OrderedDict, init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def allows(self, client: str, now: datetime) -> bool:
        """Count an attempt and return whether it is allowed. The client seen longest ago is dropped first."""
        with self._lock:
            attempts = self._tries.setdefault(client, deque())
            self._tries.move_to_end(client)
            while len(self._tries) > _MAX_CLIENTS:
                self._tries.popitem(last=False)
            while attempts and attempts[0] <= now - self.period:
                attempts.popleft()
            if len(attempts) >= self.limit:
                return False
            attempts.append(now)
            return True


def client_key(host: str | None) -> str:
    """Return the key that tells clients apart: the IPv4 address, or the /64 network of an IPv6 address."""
    try:
        address = ip_address(host or "")
    except ValueError:
        return host or ""
    return str(address) if address.version == 4 else str(int(address) >> (128 - _NETWORK_BITS))
