"""What every ledger promises: one writer, whole transactions, one snapshot, columns and rows as they were put in."""

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
from campaigns.store.runs.run_tables import AUDIT, RATE_LIMIT
from tests.support.open_transaction import hold_transaction

AT = datetime(2018, 1, 1, 8, 0, 0, 250_000, tzinfo=UTC)


def _paces(ledger: Ledger) -> int:
    with ledger.read() as connection:
        return connection.execute(select(func.count()).select_from(RATE_LIMIT)).scalar_one()


def test_an_exception_leaves_nothing_of_its_transaction(ledger):
    def fails() -> None:
        with ledger.write() as connection:
            connection.execute(insert(RATE_LIMIT).values(account="a", due_at=AT))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert _paces(ledger) == 0


def test_a_killed_process_leaves_nothing_of_its_transaction_and_frees_the_writer(ledger, address):
    with hold_transaction(address) as held:
        held.kill()
    with ledger.write() as connection:
        connection.execute(insert(RATE_LIMIT).values(account="b", due_at=AT))
    assert _paces(ledger) == 1


def test_what_a_write_transaction_read_stays_true_until_it_commits(ledger, address):
    with ledger.write() as connection:
        connection.execute(insert(RATE_LIMIT).values(account="0", due_at=AT))

    def count(times: int) -> None:
        with closing(Ledger(address)) as mine:
            for _ in range(times):
                with mine.write() as connection:
                    seen = int(connection.execute(select(RATE_LIMIT.c.account)).scalar_one())
                    connection.execute(update(RATE_LIMIT).values(account=str(seen + 1)))

    threads = [Thread(target=count, args=(20,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with ledger.read() as connection:
        assert connection.execute(select(RATE_LIMIT.c.account)).scalar_one() == "60"


def test_a_reader_sees_one_moment_and_waits_for_nobody(ledger):
    with ledger.read() as reading:
        count = select(func.count()).select_from(RATE_LIMIT)
        assert reading.execute(count).scalar_one() == 0
        with ledger.write() as writing:
            writing.execute(insert(RATE_LIMIT).values(account="a", due_at=AT))
            assert reading.execute(count).scalar_one() == 0
        assert reading.execute(count).scalar_one() == 0
    assert _paces(ledger) == 1


def test_many_rows_come_in_as_one_by_one(ledger):
    hostile = "a\tb\\N\n\"',ä€\\."
    names = ["seq", "at", "actor", "action", "subject", "detail"]
    rows = [(number, AT, hostile, "", "x", {"a": [hostile, None, 1.5]}) for number in range(1, 4)]
    with ledger.write() as connection:
        append(connection, AUDIT, names, rows[:2])
        append(connection, AUDIT, names, [])
        connection.execute(insert(AUDIT), [dict(zip(names, rows[2], strict=True))])
    with ledger.read() as connection:
        assert [tuple(row) for row in connection.execute(select(AUDIT).order_by(AUDIT.c.seq))] == rows


def test_columns_are_what_was_put_in(ledger):
    with ledger.write() as connection:
        rows = [("a", AT, 0), ("b", AT.replace(microsecond=0), 0)]
        append(connection, RATE_LIMIT, ["account", "due_at", "given_back"], rows)
        connection.execute(insert(CHOICES).values(member_id="m1", email_own=True))
    paces = ledger.fetch_arrow("SELECT account, due_at FROM pace ORDER BY account")
    assert paces.column("account").to_pylist() == ["a", "b"]
    naive = AT.replace(tzinfo=None)
    assert to_timestamps(paces.column("due_at")).to_pylist() == [naive, naive.replace(microsecond=0)]
    said = ledger.fetch_arrow("SELECT coalesce(email_own, false) AS yes, coalesce(sms_own, false) AS no FROM choices")
    assert said.cast(pa.schema([("yes", pa.bool_()), ("no", pa.bool_())])).to_pylist() == [{"yes": True, "no": False}]
    assert ledger.fetch_arrow("SELECT member_id FROM choices WHERE member_id = 'm2'").num_rows == 0


def test_a_commit_is_on_disk_and_the_session_counts_in_utc(ledger):
    asked = {"sqlite": ("PRAGMA synchronous", 2), "postgresql": ("SHOW synchronous_commit", "on")}
    question, answer = asked[ledger.engine.dialect.name]
    with ledger.write() as connection:
        assert connection.execute(text(question)).scalar_one() == answer
        if ledger.engine.dialect.name == "postgresql":
            assert connection.execute(text("SHOW timezone")).scalar_one() == "UTC"


@pytest.mark.parametrize("several", [False, True])
def test_an_error_of_the_database_shows_no_value(ledger, several):
    row = {"account": "matti.meikalainen@example.org", "due_at": AT}

    def twice() -> None:
        with ledger.write() as connection:
            if several:
                append(connection, RATE_LIMIT, list(row), [tuple(row.values())] * 2)
            else:
                connection.execute(insert(RATE_LIMIT), [row, row])

    with pytest.raises(Exception, match="pace") as raised:
        twice()
    assert "matti" not in "".join(traceback.format_exception(raised.value))


def test_who_reads_does_not_wait_for_those_who_wait_to_write(ledger):
    def write() -> None:
        with ledger.write() as connection:
            connection.execute(text("SELECT 1"))

    with ThreadPoolExecutor(30) as pool:
        with ledger.write():
            waiting = [pool.submit(write) for _ in range(30)]
            while ledger.engine.pool.checkedout() < 8:  # as many as may wait with a connection
                sleep(0.01)
            sleep(0.1)  # more, if more might
            with ledger.read() as connection:
                assert connection.execute(text("SELECT 1")).scalar_one() == 1
        assert [each.result() for each in waiting] == [None] * 30
