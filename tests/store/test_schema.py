"""A new SQLite ledger gets its tables from the migrations alone, once; `test_upgrade` checks both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from campaigns.store.admin import schema
from campaigns.store.ledger.connection import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger.from_path(tmp_path / "ledger.sqlite")
    yield ledger
    ledger.close()


def test_head_is_the_last_migration():
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parents[1] / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.HEAD]


def test_new_ledger_gets_its_tables_and_an_existing_one_is_unchanged(ledger):
    schema.prepare(ledger)
    with ledger.write() as connection:
        assert schema.revision(connection) == schema.HEAD
        connection.execute(text("INSERT INTO audit (at, actor, action, subject, detail) VALUES ('', '', '', '', '{}')"))
    schema.prepare(ledger)
    schema.upgrade(ledger)
    with ledger.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit")).scalar_one() == 1
