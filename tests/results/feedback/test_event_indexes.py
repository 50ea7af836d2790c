"""Queries that run every second use an index; SQLite uses a partial one only if the query has its condition."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event

from campaigns.store.runs import delivery_events, halts

DATABASES = ("sqlite",)
NOW = datetime(2018, 1, 1, tzinfo=UTC)


def query_plans(ledger, run_queries) -> str:
    """Return SQLite's plans for the queries that `run_queries` makes."""
    statements: list[tuple[str, Any]] = []

    def record_statement(_connection, _cursor, statement, parameters, _context, _many):
        statements.append((statement, parameters))

    event.listen(ledger.engine, "before_cursor_execute", record_statement)
    try:
        run_queries()
    finally:
        event.remove(ledger.engine, "before_cursor_execute", record_statement)
    with ledger.read() as connection:
        return "\n".join(
            row[3]
            for statement, parameters in statements
            if not statement.startswith(("BEGIN", "COMMIT"))
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        )


@pytest.mark.parametrize(
    ("query", "index"),
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
def test_query_uses_its_index(ledger, query, index):
    def run_queries():
        with ledger.write() as connection:
            query(connection)

    assert f"INDEX {index}" in query_plans(ledger, run_queries)


def test_nightly_purge_uses_its_index(ledger):
    assert "INDEX events_to_fold (received_at<?)" in query_plans(
        ledger, lambda: delivery_events.purge_payloads(ledger, NOW)
    )
