"""How often one stranger may try: to ask for a code and to type one, over all processes; a link, in each by itself.

A link has 128 bits that nobody guesses: what is counted of them only spares the ledger, so it must not write to it.
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

_STRANGERS: Final = 10_000
_NETWORK: Final = 64  # bits of an IPv6 address that one household or attacker has to itself


@dataclass(frozen=True, slots=True)
class SharedRate:
    """At most `most` tries of a stranger at once, and as many again in each `span`, by one row in the ledger."""

    ledger: Ledger
    signer: Signer
    name: str
    most: int
    span: timedelta

    def allows(self, stranger: str, now: datetime) -> bool:
        """Count a try; whether it is still within the rate. The ledger never learns where the stranger comes from."""
        who = self.signer.opaque("stranger", self.name, stranger)
        with self.ledger.write() as connection:
            return attempt_limit.allows(connection, who, self.most, self.span, now)


@dataclass
class Rate:
    """At most `most` tries of a stranger within `span`, wherever it begins."""

    most: int
    span: timedelta
    _tries: OrderedDict[str, deque[datetime]] = field(default_factory=OrderedDict, init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def allows(self, stranger: str, now: datetime) -> bool:
        """Count a try; whether it is still within the rate. The stranger seen longest ago is forgotten first."""
        with self._lock:
            tries = self._tries.setdefault(stranger, deque())
            self._tries.move_to_end(stranger)
            while len(self._tries) > _STRANGERS:
                self._tries.popitem(last=False)
            while tries and tries[0] <= now - self.span:
                tries.popleft()
            if len(tries) >= self.most:
                return False
            tries.append(now)
            return True


def stranger(host: str | None) -> str:
    """By what a client is told from others: its IPv4 address, or the network of its IPv6 address."""
    try:
        address = ip_address(host or "")
    except ValueError:
        return host or ""
    return str(address) if address.version == 4 else str(int(address) >> (128 - _NETWORK))
