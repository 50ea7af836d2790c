"""What one person or stranger may try is counted over all processes that answer, whichever database they share."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context

from campaigns.core.tokens import Signer
from campaigns.store.ledger.connection import Ledger
from campaigns.web.throttling import SharedThrottle

NOW = datetime(2018, 1, 1, tzinfo=UTC)
MOST = 20


def tries(address: str, name: str) -> int:
    """In a process of its own: how many of as many tries as are allowed to everybody together were allowed."""
    with closing(Ledger(address)) as ledger:
        rate = SharedThrottle(ledger, Signer({1: b"k" * 32}), "looking", MOST, timedelta(minutes=15))
        return sum(rate.allows(name, NOW) for _ in range(MOST))


def test_two_processes_allow_together_what_one_may(address, ledger):
    with get_context("spawn").Pool(2) as pool:
        assert sum(pool.map(partial(tries, address), ["helmi", "helmi"], chunksize=1)) == MOST
        assert pool.map(partial(tries, address), ["aino", "eino"], chunksize=1) == [MOST, MOST]
