"""Whole tables read as text: the same values that a query of rows gives, whatever stands in them."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.store.ledger import sqlite
from campaigns.store.ledger.connection import Ledger

CELLS = st.none() | st.text(alphabet="aé,|\x1e\x1f\n'", max_size=4)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(st.integers(1, 90_000), CELLS, CELLS), unique_by=lambda row: row[0], max_size=12))
def test_every_row_keeps_its_values_together(tmp_path: Path, rows: list[tuple[int, str | None, str | None]]) -> None:
    ledger = Ledger.from_path(tmp_path / "ledger.sqlite")
    with ledger.write() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS pairs")
        connection.exec_driver_sql("CREATE TABLE pairs (number INTEGER PRIMARY KEY, one TEXT, other TEXT)")
        for row in rows:
            connection.exec_driver_sql("INSERT INTO pairs VALUES (?, ?, ?)", row)
    found = ledger.fetch_texts({"pairs": {"number": "number", "one": "one", "other": "other || ''"}})["pairs"]
    ledger.close()
    read = sorted((int(row["number"]), row["one"], row["other"]) for row in found.to_pylist())
    assert read == sorted((number, _as_read(one), _as_read(other)) for number, one, other in rows)


def _as_read(text: str | None) -> str | None:
    """An empty text is none; the sign between the values may come back as a space."""
    return text.replace(sqlite.VALUE_SEPARATOR, " ") or None if text else None
