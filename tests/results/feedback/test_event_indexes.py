"""What is asked every second is asked of an index: SQLite uses a partial one only where its condition stands."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event

from campaigns.store.runs import delivery_events, halts

DATABASES = ("sqlite",)
NOW = datetime(2018, 1, 1, tzinfo=UTC)


def plans(ledger, ask) -> str:
    """How SQLite would answer the questions that `ask` puts."""
    asked: list[tuple[str, Any]] = []

    def hear(_connection, _cursor, statement, parameters, _context, _many):
        asked.append((statement, parameters))

    event.listen(ledger.engine, "before_cursor_execute", hear)
    try:
        ask()
    finally:
        event.remove(ledger.engine, "before_cursor_execute", hear)
    with ledger.read() as connection:
        return "\n".join(
            row[3]
            for statement, parameters in asked
            if not statement.startswith(("BEGIN", "COMMIT"))
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        )


@pytest.mark.parametrize(
    ("question", "index"),
    [
        (lambda connection: halts.report_counts(connection, [1, 2], "bounced", "smtp", NOW), "grievances"),
        (delivery_events.list_provable, "deliveries_uncertain"),
        (
            lambda connection: delivery_events.unknown_keys(connection, "sendgrid", ["a", "b"]),
            "sqlite_autoindex_event_1",
        ),
        (lambda connection: delivery_events.erase_addresses(connection, ["a"]), "events_of_an_address"),
    ],
)
def test_a_question_uses_its_index(ledger, question, index):
    def ask():
        with ledger.write() as connection:
            question(connection)

    assert f"INDEX {index}" in plans(ledger, ask)


def test_the_nightly_job_finds_what_it_empties(ledger):
    assert "INDEX events_to_fold (received_at<?)" in plans(ledger, lambda: delivery_events.purge_payloads(ledger, NOW))
