"""The queue's own tables: created once, migrated by `viesti db upgrade`, and refused while too old."""

import pytest

from campaigns.core.clock import Clock
from campaigns.core.errors import UserError
from campaigns.operations.doctor import stores
from campaigns.operations.doctor.finding import FindingLevel
from campaigns.runs.dispatch import procrastinate_dispatcher
from campaigns.runs.dispatch.procrastinate_dispatcher import ProcrastinateDispatcher, migrate, missing_migrations
from campaigns.store.ledger.connection import Ledger

DATABASES = ("postgresql",)
SCHEMA_OBJECTS = """
SELECT proname || pg_get_function_identity_arguments(oid) FROM pg_proc
WHERE pronamespace = current_schema()::regnamespace AND proname LIKE 'procrastinate%%'
UNION SELECT table_name || column_name || data_type FROM information_schema.columns
WHERE table_schema = current_schema() AND table_name LIKE 'procrastinate%%'
UNION SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename LIKE 'procrastinate%%'
"""


def schema_objects(ledger: Ledger) -> set[str]:
    """Return Procrastinate's functions, columns and indexes."""
    with ledger.read() as connection:
        return set(connection.exec_driver_sql(SCHEMA_OBJECTS).scalars())


def create_tables_as_of(ledger: Ledger, version: str) -> None:
    """Create the tables as of an earlier version."""
    for migration in procrastinate_dispatcher._migrations():
        if migration.name < version:
            with ledger.write() as connection:
                procrastinate_dispatcher._execute_script(connection, migration.read_text("utf-8"))
                procrastinate_dispatcher._record_migration(connection, migration.name)


def test_tables_of_an_earlier_version_are_refused_reported_and_migrated(ledger):
    create_tables_as_of(ledger, "03.02")
    old_objects = schema_objects(ledger)
    with pytest.raises(UserError) as raised:
        ProcrastinateDispatcher(ledger, Clock())
    assert "viesti db upgrade" in str(raised.value)
    assert stores.check_ledger(ledger).level is FindingLevel.FAIL
    migrate(ledger)
    ProcrastinateDispatcher(ledger, Clock()).close()
    assert schema_objects(ledger) != old_objects
    assert stores.check_ledger(ledger).level is FindingLevel.OK


def test_migrated_tables_equal_those_of_a_new_ledger(ledger):
    create_tables_as_of(ledger, "03.02")
    migrate(ledger)
    migrated = schema_objects(ledger)
    with ledger.write() as connection:
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    ProcrastinateDispatcher(ledger, Clock()).close()
    assert schema_objects(ledger) == migrated


def test_new_queue_is_complete_and_created_once(ledger):
    for _ in range(2):
        ProcrastinateDispatcher(ledger, Clock()).close()
    with ledger.read() as connection:
        assert missing_migrations(connection) == []
