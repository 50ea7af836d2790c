"""Promises of the PostgreSQL ledger alone: no writer holds its lock for ever, and no reader can write."""

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


def test_stopped_writer_is_ended_by_the_server(ledger, address):
    assert "10s" in postgresql._ONE_WRITER
    with hold_transaction(address, patience="500ms") as holder:
        os.kill(holder.pid, signal.SIGSTOP)
        with ledger.write() as connection:
            connection.execute(insert(RATE_LIMIT).values(account="b", due_at=NOW))
        holder.kill()
    with ledger.read() as connection:
        assert connection.execute(select(RATE_LIMIT.c.account)).scalars().all() == ["b"]


def test_reader_cannot_write(ledger):
    with pytest.raises(InternalError, match="read-only"), ledger.read() as connection:
        connection.execute(insert(RATE_LIMIT).values(account="a", due_at=NOW))
