"""Attempts of one person are counted over all server processes, whichever database they share."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context

from audiences.access.attempt_limit import AttemptLimit
from campaigns.core.tokens import Signer
from campaigns.store.ledger.connection import Ledger
from campaigns.web.throttling import SharedThrottle

NOW = datetime(2018, 1, 1, tzinfo=UTC)
LIMIT = 20


def count_allowed(address: str, name: str) -> int:
    """Return how many of LIMIT attempts a separate process is allowed."""
    with closing(Ledger(address)) as ledger:
        throttle = SharedThrottle(ledger, Signer({1: b"k" * 32}), "looking", AttemptLimit(LIMIT, timedelta(minutes=15)))
        return sum(throttle.allows(name, NOW) for _ in range(LIMIT))


def test_two_processes_share_one_attempt_limit(address, ledger):
    with get_context("spawn").Pool(2) as pool:
        assert sum(pool.map(partial(count_allowed, address), ["helmi", "helmi"], chunksize=1)) == LIMIT
        assert pool.map(partial(count_allowed, address), ["aino", "eino"], chunksize=1) == [LIMIT, LIMIT]
