"""Many rows poured into either ledger: as they were, in short transactions, between which others write."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from sqlalchemy import func, insert, select

from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs.run_tables import DECISION, RATE_LIMIT

AT = datetime(2018, 1, 1, 8, 0, 0, 250_000, tzinfo=UTC)
MANY = 10_000
HARD = ['a "quoted", one', "", "\\N", "two\nlines", "NULL", "hyvää; päivää", "tab\t\\t"]


def _rows(members: list[str]) -> pa.RecordBatchReader:
    number = len(members)
    columns = {
        "run_number": pa.repeat(7, number),
        "member_id": members,
        "position": pa.array([None if place % 2 else place for place in range(number)], pa.int64()),
        "kind": pa.repeat("send", number),
        "reason": pa.nulls(number, pa.string()),
        "unit": members,
        "used_basket": pa.array([bool(place % 3) for place in range(number)]),
    }
    return pa.table(columns).to_reader(3000)


def _stored(ledger: Ledger) -> int:
    with ledger.read() as connection:
        return connection.execute(select(func.count()).select_from(DECISION)).scalar_one()


def test_rows_arrive_as_they_were(ledger, tmp_path):
    ledger.bulk_load(DECISION, _rows(HARD), tmp_path, guard=lambda _: None, on_progress=lambda _: None)
    with ledger.read() as connection:
        kept = {row.member_id: row for row in connection.execute(select(DECISION))}
    assert set(kept) == set(HARD)
    for place, member in enumerate(HARD):
        row = kept[member]
        assert (row.position, row.reason, row.unit) == (None if place % 2 else place, None, member)
        assert row.used_basket is bool(place % 3)
    assert list(tmp_path.glob("decision*")) == []


def test_no_rows_are_no_transaction(ledger, tmp_path):
    ledger.bulk_load(DECISION, _rows([]), tmp_path, guard=pytest.fail, on_progress=pytest.fail)
    assert _stored(ledger) == 0


def test_others_write_between_the_transactions_of_many_rows(ledger, address, tmp_path):
    members = [f"m{number:05}" for number in range(MANY)]
    portions: list[int] = []

    def told(stored: int) -> None:
        portions.append(stored)
        other = Ledger(address)
        with other.write() as connection:
            connection.execute(insert(RATE_LIMIT).values(account=str(len(portions)), due_at=AT))
        other.close()

    ledger.bulk_load(DECISION, _rows(members), tmp_path, guard=lambda _: None, on_progress=told)
    assert sum(portions) == _stored(ledger) == MANY
    assert len(portions) > 1
    with ledger.read() as connection:
        assert connection.execute(select(func.count()).select_from(RATE_LIMIT)).scalar_one() == len(portions)


def test_a_guard_that_raises_ends_it_and_leaves_what_was_committed(ledger, tmp_path):
    portions: list[int] = []

    def guard(_connection: object) -> None:
        if portions:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        ledger.bulk_load(
            DECISION, _rows([f"m{n:05}" for n in range(MANY)]), tmp_path, guard=guard, on_progress=portions.append
        )
    assert _stored(ledger) == sum(portions) < MANY
    ledger.bulk_load(
        RATE_LIMIT,
        pa.table({"account": ["a"], "due_at": [AT]}).slice(1).to_reader(),
        tmp_path,
        guard=guard,
        on_progress=guard,
    )
    with ledger.write() as connection:  # and its connection was given back whole
        connection.execute(insert(RATE_LIMIT).values(account="after", due_at=AT))
