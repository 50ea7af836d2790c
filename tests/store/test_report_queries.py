"""Queries of reports and of the calendar, on SQLite and on PostgreSQL."""

from datetime import UTC, datetime, timedelta

from campaigns.results.reports import click_counts
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs import decisions, runs

NOW = datetime(2018, 1, 1, tzinfo=UTC)


def test_reports_and_calendar_read_either_ledger(ledger: Ledger) -> None:
    with ledger.read() as connection:
        assert click_counts.people_by_variant(connection, 1) == []
        assert click_counts.people_by_link(connection, 1) == {}
        assert click_counts.delivered(connection, 1) == 0
        assert decisions.count_by_runs(connection, [1, 2]) == {}
        assert runs.latest_plans(connection) == {}
        assert runs.of_campaign(connection, "letter") == []
        assert runs.due_between(connection, NOW, NOW + timedelta(days=31)) == []
