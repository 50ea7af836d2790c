"""On either ledger the migrations create exactly the model tables, once, however many processes start."""

from contextlib import closing
from threading import Barrier, Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from audiences import tables as _people  # noqa: F401 - registers its tables
from campaigns.core.errors import UserError
from campaigns.core.model.roles import Role
from campaigns.store.admin import schema
from campaigns.store.ledger.connection import Ledger
from campaigns.store.people import accounts
from campaigns.store.people import people_tables as _people_tables  # noqa: F401 - registers its tables
from campaigns.store.people.accounts import ProviderIdentity
from campaigns.store.runs import event_tables as _events  # noqa: F401 - registers its tables
from campaigns.store.runs import run_tables as _runs  # noqa: F401 - registers its tables


def test_migrations_create_exactly_the_model_tables(bare):
    schema.upgrade(bare)
    with bare.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_processes_opening_a_new_ledger_at_once_create_it_once(address):
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


def test_first_connections_to_a_new_file_wait_for_each_other(tmp_path):
    failures: list[BaseException] = []

    def open_first(file, start) -> None:
        start.wait()
        with closing(Ledger(f"sqlite:///{file}")) as ledger:
            try:
                with ledger.read() as connection:
                    connection.execute(text("SELECT 1"))
            except BaseException as error:
                failures.append(error)

    for number in range(80):  # without waiting, one round in twenty failed
        start = Barrier(8)
        threads = [Thread(target=open_first, args=(tmp_path / f"{number}.sqlite", start)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []


def test_old_ledger_is_refused_with_the_upgrade_command(ledger):
    with ledger.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(UserError) as raised:
        schema.prepare(ledger)
    (problem,) = raised.value.problems
    assert problem.code == "old_ledger"
    assert "0000" in problem.message
    assert "viesti db upgrade" in problem.hint


def test_unreachable_database_is_reported():
    with (
        closing(Ledger("postgresql://nobody:secret@127.0.0.1:1/nothing")) as ledger,
        pytest.raises(UserError) as raised,
    ):
        schema.prepare(ledger)
    (problem,) = raised.value.problems
    assert problem.code == "no_database"
    assert "secret" not in str(raised.value)


def test_numbers_stored_before_get_their_country_and_kind(bare, monkeypatch):
    numbers = {"m1": "+358401234567", "m2": "+46701234567", "m3": "+35891234567", "m4": "+88213123456", "m5": None}
    with monkeypatch.context() as patch:
        patch.setattr(schema, "HEAD", "0001")
        schema.upgrade(bare)
    insert = text("INSERT INTO contact (member_id, register, language, phone) VALUES (:id, 'owners', 'fi', :phone)")
    with bare.write() as connection:
        connection.execute(insert, [{"id": member, "phone": phone} for member, phone in numbers.items()])
    schema.upgrade(bare)
    with bare.read() as connection:
        rows = connection.execute(text("SELECT member_id, phone_class FROM contact ORDER BY member_id")).all()
    assert [tuple(row) for row in rows] == [
        ("m1", "FI mobile"),
        ("m2", "SE mobile"),
        ("m3", "FI fixed"),
        ("m4", None),
        ("m5", None),
    ]


def test_accounts_of_the_first_revision_are_local_and_have_no_second_factor(bare, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(schema, "HEAD", "0001")
        schema.upgrade(bare)
    with bare.write() as connection:
        connection.execute(
            text(
                "INSERT INTO agent (name, roles, password, since) "
                "VALUES ('helmi', '[\"desk\"]', 'hash', '2026-01-01 00:00:00+00:00')"
            )
        )
    schema.upgrade(bare)
    with bare.write() as connection:
        account = accounts.get(connection, "helmi")
        assert account is not None
        assert (account.roles, account.issuer, account.has_totp) == ({Role.DESK}, None, False)
        assert accounts.password_hash(connection, "helmi") == "hash"
        identity = ProviderIdentity("https://id.example.org", "1")
        assert accounts.add(connection, "maija", [Role.DESK], None, account.since, identity)
        assert accounts.find_by_identity(connection, identity) is not None
    with bare.write() as connection, pytest.raises(IntegrityError):  # a person has one account
        accounts.add(connection, "liisa", [Role.DESK], None, account.since, identity)


def test_decisions_of_the_sixth_revision_stay_and_have_no_offers(bare, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(schema, "HEAD", "0006")
        schema.upgrade(bare)
    with bare.write() as connection:
        connection.execute(
            text(
                "INSERT INTO decision (run_number, member_id, position, kind, used_basket, unit) "
                "VALUES (1, 'm1', 1, 'send', :used, 'member:m1')"
            ),
            {"used": True},
        )
    schema.upgrade(bare)
    with bare.read() as connection:
        row = connection.execute(text("SELECT member_id, kind, offers FROM decision")).one()
    assert tuple(row) == ("m1", "send", None)
