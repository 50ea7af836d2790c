"""Promises of every ledger: one writer, atomic transactions, one snapshot, values stored unchanged."""

import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from threading import Thread
from time import sleep

import pyarrow as pa
import pytest
from sqlalchemy import func, insert, select, text, update

from audiences.tables import CHOICES
from campaigns.store.ledger.connection import Ledger, append, to_timestamps
from campaigns.store.people.people_tables import AUDIT
from campaigns.store.runs.run_tables import RATE_LIMIT
from tests.support.open_transaction import hold_transaction

AT = datetime(2018, 1, 1, 8, 0, 0, 250_000, tzinfo=UTC)


def _rate_limit_count(ledger: Ledger) -> int:
    with ledger.read() as connection:
        return connection.execute(select(func.count()).select_from(RATE_LIMIT)).scalar_one()


def test_exception_rolls_back_its_transaction(ledger):
    def write_then_fail() -> None:
        with ledger.write() as connection:
            connection.execute(insert(RATE_LIMIT).values(account="a", due_at=AT))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_then_fail()
    assert _rate_limit_count(ledger) == 0


def test_killed_process_rolls_back_its_transaction_and_frees_the_writer(ledger, address):
    with hold_transaction(address) as holder:
        holder.kill()
    with ledger.write() as connection:
        connection.execute(insert(RATE_LIMIT).values(account="b", due_at=AT))
    assert _rate_limit_count(ledger) == 1


def test_values_read_in_a_write_transaction_stay_valid_until_its_commit(ledger, address):
    with ledger.write() as connection:
        connection.execute(insert(RATE_LIMIT).values(account="0", due_at=AT))

    def increment(times: int) -> None:
        with closing(Ledger(address)) as own_ledger:
            for _ in range(times):
                with own_ledger.write() as connection:
                    value = int(connection.execute(select(RATE_LIMIT.c.account)).scalar_one())
                    connection.execute(update(RATE_LIMIT).values(account=str(value + 1)))

    threads = [Thread(target=increment, args=(20,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with ledger.read() as connection:
        assert connection.execute(select(RATE_LIMIT.c.account)).scalar_one() == "60"


def test_reader_sees_one_snapshot_and_never_waits(ledger):
    with ledger.read() as reading:
        row_count = select(func.count()).select_from(RATE_LIMIT)
        assert reading.execute(row_count).scalar_one() == 0
        with ledger.write() as writing:
            writing.execute(insert(RATE_LIMIT).values(account="a", due_at=AT))
            assert reading.execute(row_count).scalar_one() == 0
        assert reading.execute(row_count).scalar_one() == 0
    assert _rate_limit_count(ledger) == 1


def test_bulk_append_stores_the_same_as_single_inserts(ledger):
    hostile = "a\tb\\N\n\"',ä€\\."
    names = ["seq", "at", "actor", "action", "subject", "detail"]
    rows = [(number, AT, hostile, "", "x", {"a": [hostile, None, 1.5]}) for number in range(1, 4)]
    with ledger.write() as connection:
        append(connection, AUDIT, names, rows[:2])
        append(connection, AUDIT, names, [])
        connection.execute(insert(AUDIT), [dict(zip(names, rows[2], strict=True))])
    with ledger.read() as connection:
        assert [tuple(row) for row in connection.execute(select(AUDIT).order_by(AUDIT.c.seq))] == rows


def test_arrow_columns_equal_the_inserted_values(ledger):
    with ledger.write() as connection:
        rows = [("a", AT, 0), ("b", AT.replace(microsecond=0), 0)]
        append(connection, RATE_LIMIT, ["account", "due_at", "given_back"], rows)
        connection.execute(insert(CHOICES).values(member_id="m1", email_own=True))
    limits = ledger.fetch_arrow("SELECT account, due_at FROM pace ORDER BY account")
    assert limits.column("account").to_pylist() == ["a", "b"]
    naive = AT.replace(tzinfo=None)
    assert to_timestamps(limits.column("due_at")).to_pylist() == [naive, naive.replace(microsecond=0)]
    choices = ledger.fetch_arrow(
        "SELECT coalesce(email_own, false) AS yes, coalesce(sms_own, false) AS no FROM choices"
    )
    assert choices.cast(pa.schema([("yes", pa.bool_()), ("no", pa.bool_())])).to_pylist() == [
        {"yes": True, "no": False}
    ]
    assert ledger.fetch_arrow("SELECT member_id FROM choices WHERE member_id = 'm2'").num_rows == 0


def test_commit_is_durable_and_the_session_uses_utc(ledger):
    settings_by_dialect = {"sqlite": ("PRAGMA synchronous", 2), "postgresql": ("SHOW synchronous_commit", "on")}
    query, expected = settings_by_dialect[ledger.engine.dialect.name]
    with ledger.write() as connection:
        assert connection.execute(text(query)).scalar_one() == expected
        if ledger.engine.dialect.name == "postgresql":
            assert connection.execute(text("SHOW timezone")).scalar_one() == "UTC"


@pytest.mark.parametrize("in_bulk", [False, True])
def test_database_error_quotes_no_value(ledger, in_bulk):
    row = {"account": "matti.meikalainen@example.org", "due_at": AT}

    def insert_twice() -> None:
        with ledger.write() as connection:
            if in_bulk:
                append(connection, RATE_LIMIT, list(row), [tuple(row.values())] * 2)
            else:
                connection.execute(insert(RATE_LIMIT), [row, row])

    with pytest.raises(Exception, match="pace") as raised:
        insert_twice()
    assert "matti" not in "".join(traceback.format_exception(raised.value))


def test_reader_does_not_wait_for_queued_writers(ledger):
    def write() -> None:
        with ledger.write() as connection:
            connection.execute(text("SELECT 1"))

    with ThreadPoolExecutor(30) as pool:
        with ledger.write():
            waiting = [pool.submit(write) for _ in range(30)]
            while ledger.engine.pool.checkedout() < 8:  # the most writers that may wait with a connection
                sleep(0.01)
            sleep(0.1)  # let more connect, if the limit failed
            with ledger.read() as connection:
                assert connection.execute(text("SELECT 1")).scalar_one() == 1
        assert [future.result() for future in waiting] == [None] * 30
