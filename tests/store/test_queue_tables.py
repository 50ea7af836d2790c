"""The queue's own tables: made once, brought along by `viesti db upgrade`, and never used while they are too old."""

import pytest

from campaigns.core.clock import Clock
from campaigns.core.errors import UserError
from campaigns.operations.doctor import stores
from campaigns.operations.doctor.finding import FindingLevel
from campaigns.runs.dispatch import procrastinate_dispatcher
from campaigns.runs.dispatch.procrastinate_dispatcher import ProcrastinateDispatcher, migrate, missing_migrations
from campaigns.store.ledger.connection import Ledger

DATABASES = ("postgresql",)
SHAPE = """
SELECT proname || pg_get_function_identity_arguments(oid) FROM pg_proc
WHERE pronamespace = current_schema()::regnamespace AND proname LIKE 'procrastinate%%'
UNION SELECT table_name || column_name || data_type FROM information_schema.columns
WHERE table_schema = current_schema() AND table_name LIKE 'procrastinate%%'
UNION SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename LIKE 'procrastinate%%'
"""


def shape(ledger: Ledger) -> set[str]:
    """Procrastinate's functions, columns and indexes."""
    with ledger.read() as connection:
        return set(connection.exec_driver_sql(SHAPE).scalars())


def made_by(ledger: Ledger, version: str) -> None:
    """Make the tables as they were at a version."""
    for migration in procrastinate_dispatcher._migrations():
        if migration.name < version:
            with ledger.write() as connection:
                procrastinate_dispatcher._execute_script(connection, migration.read_text("utf-8"))
                procrastinate_dispatcher._record_migration(connection, migration.name)


def test_tables_of_an_earlier_version_are_refused_told_of_and_brought_along(ledger):
    made_by(ledger, "03.02")
    earlier = shape(ledger)
    with pytest.raises(UserError) as refused:
        ProcrastinateDispatcher(ledger, Clock())
    assert "viesti db upgrade" in str(refused.value)
    assert stores.check_ledger(ledger).level is FindingLevel.FAIL
    migrate(ledger)
    ProcrastinateDispatcher(ledger, Clock()).close()
    assert shape(ledger) != earlier
    assert stores.check_ledger(ledger).level is FindingLevel.OK


def test_tables_that_were_brought_along_are_those_of_a_new_ledger(ledger):
    made_by(ledger, "03.02")
    migrate(ledger)
    brought = shape(ledger)
    with ledger.write() as connection:
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    ProcrastinateDispatcher(ledger, Clock()).close()
    assert shape(ledger) == brought


def test_a_new_queue_lacks_nothing_and_is_made_once(ledger):
    for _ in range(2):
        ProcrastinateDispatcher(ledger, Clock()).close()
    with ledger.read() as connection:
        assert missing_migrations(connection) == []
