"""The ledger's tables are those of the models, come from the migrations alone, and an old ledger is refused."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlmodel import SQLModel

from audiences import tables as _people  # noqa: F401 - its tables belong to the ledger
from campaigns.errors import AuthorError
from campaigns.ledger import Ledger
from campaigns.store import event_tables as _events  # noqa: F401 - these too
from campaigns.store import schema
from campaigns.store import tables as _runs  # noqa: F401 - so do these


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger.at(tmp_path / "ledger.sqlite")
    yield ledger
    ledger.close()


def test_the_migrations_make_exactly_the_tables_of_the_models(ledger):
    schema.upgrade(ledger)
    with ledger.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_head_is_the_last_migration():
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).with_name("migrations")))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.HEAD]


def test_a_new_ledger_gets_its_tables_and_a_present_one_is_left_alone(ledger):
    schema.prepare(ledger)
    with ledger.write() as connection:
        assert schema.revision(connection) == schema.HEAD
        connection.execute(text("INSERT INTO audit (at, actor, action, subject, detail) VALUES ('', '', '', '', '{}')"))
    schema.prepare(ledger)
    schema.upgrade(ledger)
    with ledger.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit")).scalar_one() == 1


def test_processes_that_open_a_new_ledger_at_once_make_it_once(tmp_path):
    failures: list[BaseException] = []

    def prepare() -> None:
        ledger = Ledger.at(tmp_path / "ledger.sqlite")
        try:
            schema.prepare(ledger)
        except BaseException as error:
            failures.append(error)
        finally:
            ledger.close()

    threads = [Thread(target=prepare) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_an_older_ledger_is_refused_with_the_command_that_brings_it_up(ledger):
    schema.prepare(ledger)
    with ledger.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(AuthorError) as raised:
        schema.prepare(ledger)
    (problem,) = raised.value.problems
    assert problem.code == "old_ledger"
    assert "0000" in problem.message
    assert "viesti db upgrade" in problem.hint
