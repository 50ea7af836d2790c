"""Reading whole tables as text gives the values of a row query, whatever they contain."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.store.ledger import sqlite
from campaigns.store.ledger.connection import Ledger
from tests.support.examples import examples

CELLS = st.none() | st.text(alphabet="aé,|\x1e\x1f\n'", max_size=4)


@settings(deadline=None, max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(st.integers(1, 90_000), CELLS, CELLS), unique_by=lambda row: row[0], max_size=12))
def test_every_row_keeps_its_values_together(tmp_path: Path, rows: list[tuple[int, str | None, str | None]]) -> None:
    ledger = Ledger.from_path(tmp_path / "ledger.sqlite")
    with ledger.write() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS pairs")
        connection.exec_driver_sql("CREATE TABLE pairs (number INTEGER PRIMARY KEY, one TEXT, other TEXT)")
        for row in rows:
            connection.exec_driver_sql("INSERT INTO pairs VALUES (?, ?, ?)", row)
    texts = ledger.fetch_texts({"pairs": {"number": "number", "one": "one", "other": "other || ''"}})["pairs"]
    ledger.close()
    stored = sorted((int(row["number"]), row["one"], row["other"]) for row in texts.to_pylist())
    assert stored == sorted((number, _expected_text(one), _expected_text(other)) for number, one, other in rows)


def _expected_text(text: str | None) -> str | None:
    """Return None for empty text; a value separator inside a text may become a space."""
    return text.replace(sqlite.VALUE_SEPARATOR, " ") or None if text else None
