"""Throttles: look-ups of one account, shared by all processes; invalid links and slow requests, per process.

Link tokens have 128 bits and cannot be guessed. The link throttle only spares the ledger, so it must not write to it.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import BoundedSemaphore, Lock
from typing import Final

from fastapi import HTTPException

from audiences.access.attempt_limit import Attempt, AttemptLimit, count_attempt
from campaigns.core.tokens import Signer
from campaigns.store.ledger.connection import Ledger

_MAX_CLIENTS: Final = 10_000
_RETRY_AFTER: Final = {"Retry-After": "5"}


@dataclass(frozen=True, slots=True)
class SharedThrottle:
    """Throttle shared by all processes, in one ledger row per client."""

    ledger: Ledger
    signer: Signer
    name: str
    limit: AttemptLimit

    def count(self, client: str, now: datetime) -> Attempt:
        """Count an attempt. The ledger stores no client address, only a keyed hash."""
        client_hash = self.signer.keyed_hash("stranger", self.name, client)
        with self.ledger.write() as connection:
            return count_attempt(connection, client_hash, self.limit, now)

    def allows(self, client: str, now: datetime) -> bool:
        """Count an attempt and return whether it is allowed."""
        return self.count(client, now).allowed


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


class ConcurrencyLimit:
    """Limit of slow requests under way in one process: each holds a thread, and members need the others."""

    def __init__(self, number: int) -> None:
        self._places = BoundedSemaphore(number)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Take a place until the block ends; HTTP 429 when there is none."""
        if not self._places.acquire(blocking=False):
            raise HTTPException(429, headers=_RETRY_AFTER)
        try:
            yield
        finally:
            self._places.release()
