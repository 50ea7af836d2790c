"""What only a server can promise: that nobody holds the writer for ever, and that a reader cannot write."""

import os
import signal

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import InternalError

from campaigns.store.ledger import postgresql
from campaigns.store.runs.run_tables import RATE_LIMIT
from tests.support.open_transaction import hold_transaction
from tests.support.sample_workspace import NOW

DATABASES = ("postgresql",)


def test_a_writer_that_was_stopped_is_ended_by_the_server(ledger, address):
    assert "10s" in postgresql._ONE_WRITER
    with hold_transaction(address, patience="500ms") as held:
        os.kill(held.pid, signal.SIGSTOP)
        with ledger.write() as connection:
            connection.execute(insert(RATE_LIMIT).values(account="b", due_at=NOW))
        held.kill()
    with ledger.read() as connection:
        assert connection.execute(select(RATE_LIMIT.c.account)).scalars().all() == ["b"]


def test_postgresql_refuses_to_write_in_a_reader(ledger):
    with pytest.raises(InternalError, match="read-only"), ledger.read() as connection:
        connection.execute(insert(RATE_LIMIT).values(account="a", due_at=NOW))
