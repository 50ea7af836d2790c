"""Bulk inserts into either ledger: values unchanged, in short transactions with room for other writers."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from sqlalchemy import func, insert, select

from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs.run_tables import DECISION, RATE_LIMIT

AT = datetime(2018, 1, 1, 8, 0, 0, 250_000, tzinfo=UTC)
MANY = 10_000
HARD_TEXTS = ['a "quoted", one', "", "\\N", "two\nlines", "NULL", "hyvää; päivää", "tab\t\\t"]


def _rows(members: list[str]) -> pa.RecordBatchReader:
    number = len(members)
    columns = {
        "run_number": pa.repeat(7, number),
        "member_id": members,
        "position": pa.array([None if index % 2 else index for index in range(number)], pa.int64()),
        "kind": pa.repeat("send", number),
        "reason": pa.nulls(number, pa.string()),
        "unit": members,
        "used_basket": pa.array([bool(index % 3) for index in range(number)]),
    }
    return pa.table(columns).to_reader(3000)


def _stored(ledger: Ledger) -> int:
    with ledger.read() as connection:
        return connection.execute(select(func.count()).select_from(DECISION)).scalar_one()


def test_bulk_insert_stores_values_unchanged(ledger, tmp_path):
    ledger.bulk_load(DECISION, _rows(HARD_TEXTS), tmp_path, guard=lambda _: None, on_progress=lambda _: None)
    with ledger.read() as connection:
        stored_rows = {row.member_id: row for row in connection.execute(select(DECISION))}
    assert set(stored_rows) == set(HARD_TEXTS)
    for index, member in enumerate(HARD_TEXTS):
        row = stored_rows[member]
        assert (row.position, row.reason, row.unit) == (None if index % 2 else index, None, member)
        assert row.used_basket is bool(index % 3)
    assert list(tmp_path.glob("decision*")) == []


def test_empty_input_opens_no_transaction(ledger, tmp_path):
    ledger.bulk_load(DECISION, _rows([]), tmp_path, guard=pytest.fail, on_progress=pytest.fail)
    assert _stored(ledger) == 0


def test_other_writers_commit_between_the_batches(ledger, address, tmp_path):
    members = [f"m{number:05}" for number in range(MANY)]
    batch_sizes: list[int] = []

    def report_progress(stored: int) -> None:
        batch_sizes.append(stored)
        other_ledger = Ledger(address)
        with other_ledger.write() as connection:
            connection.execute(insert(RATE_LIMIT).values(account=str(len(batch_sizes)), due_at=AT))
        other_ledger.close()

    ledger.bulk_load(DECISION, _rows(members), tmp_path, guard=lambda _: None, on_progress=report_progress)
    assert sum(batch_sizes) == _stored(ledger) == MANY
    assert len(batch_sizes) > 1
    with ledger.read() as connection:
        assert connection.execute(select(func.count()).select_from(RATE_LIMIT)).scalar_one() == len(batch_sizes)


def test_raising_guard_stops_the_insert_and_keeps_committed_batches(ledger, tmp_path):
    batch_sizes: list[int] = []

    def guard(_connection: object) -> None:
        if batch_sizes:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        ledger.bulk_load(
            DECISION, _rows([f"m{n:05}" for n in range(MANY)]), tmp_path, guard=guard, on_progress=batch_sizes.append
        )
    assert _stored(ledger) == sum(batch_sizes) < MANY
    ledger.bulk_load(
        RATE_LIMIT,
        pa.table({"account": ["a"], "due_at": [AT]}).slice(1).to_reader(),
        tmp_path,
        guard=guard,
        on_progress=guard,
    )
    with ledger.write() as connection:  # the connection was returned in a usable state
        connection.execute(insert(RATE_LIMIT).values(account="after", due_at=AT))
