"""On either ledger the migrations make the tables of the models, once, whoever comes first."""

from contextlib import closing
from threading import Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlmodel import SQLModel

from audiences import tables as _people  # noqa: F401 - its tables belong to the ledger
from campaigns.core.errors import UserError
from campaigns.store.admin import schema
from campaigns.store.ledger.connection import Ledger
from campaigns.store.people import people_tables as _desk  # noqa: F401 - so do these
from campaigns.store.runs import event_tables as _events  # noqa: F401 - these too
from campaigns.store.runs import run_tables as _runs  # noqa: F401 - and these


def test_the_migrations_make_exactly_the_tables_of_the_models(bare):
    schema.upgrade(bare)
    with bare.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_processes_that_open_a_new_ledger_at_once_make_it_once(address):
    failures: list[BaseException] = []

    def prepare() -> None:
        with closing(Ledger(address)) as ledger:
            try:
                schema.prepare(ledger)
            except BaseException as error:
                failures.append(error)

    threads = [Thread(target=prepare) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_an_older_ledger_is_refused_with_the_command_that_brings_it_up(ledger):
    with ledger.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(UserError) as raised:
        schema.prepare(ledger)
    (problem,) = raised.value.problems
    assert problem.code == "old_ledger"
    assert "0000" in problem.message
    assert "viesti db upgrade" in problem.hint


def test_a_database_that_is_away_is_said_to_be_away():
    with (
        closing(Ledger("postgresql://nobody:secret@127.0.0.1:1/nothing")) as ledger,
        pytest.raises(UserError) as raised,
    ):
        schema.prepare(ledger)
    (problem,) = raised.value.problems
    assert problem.code == "no_database"
    assert "secret" not in str(raised.value)
