"""A backup holds one moment; what comes back knows who was erased since, and sends nothing by itself."""

from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text
from sqlmodel import SQLModel

from campaigns.core.errors import UserError
from campaigns.operations import ledger_admin
from campaigns.people.privacy.erasure import erase
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs.run_tables import DECISION
from campaigns.store.runs.states import RunState
from tests.runs.dispatch.test_claim import MARKETING
from tests.support.sample_workspace import MEMBERS, Village
from tests.support.scripted_provider import Wire, wired


def _nobody(_rows: int) -> None: ...


def _lose(village: Village) -> None:
    """The ledger is lost: its database is empty again."""
    with village.engine.ledger.write() as connection:
        for table in SQLModel.metadata.sorted_tables:
            connection.execute(delete(table))


def test_a_restored_ledger_is_the_one_that_was_backed_up(village, tmp_path):
    run = village.start("hi", MARKETING)
    village.send(run)
    before = village.deliveries(run), [village.contact(member) for member in MEMBERS]
    counted = ledger_admin.backup_to(village.engine, tmp_path / "backups" / "monday", _nobody)
    _lose(village)
    restored, _ = ledger_admin.restore_from(village.engine, tmp_path / "backups" / "monday", _nobody)
    assert restored == counted
    assert (village.deliveries(run), [village.contact(member) for member in MEMBERS]) == before
    village.plan("again", MARKETING)


def test_what_was_sent_after_the_backup_is_not_sent_again_by_itself(village, tmp_path):
    wire = wired(village, Wire())
    run = village.start("hi", MARKETING)
    ledger_admin.backup_to(village.engine, tmp_path / "backup", _nobody)
    village.send(run)
    _lose(village)
    _, held = ledger_admin.restore_from(village.engine, tmp_path / "backup", _nobody)
    assert held.runs == 1
    assert village.state(run) == RunState.PAUSED
    village.send(run)
    assert sorted(wire.heard) == list(MEMBERS)


def test_who_was_erased_after_the_backup_stays_erased(village, tmp_path):
    run = village.start("hi", MARKETING)
    ledger_admin.backup_to(village.engine, tmp_path / "backup", _nobody)
    erase(village.engine, "m05")
    _lose(village)
    ledger_admin.restore_from(village.engine, tmp_path / "backup", _nobody)
    with pytest.raises(UserError, match="unknown_member"):
        village.contact("m05")
    assert "m05" not in village.decisions(run)
    with village.engine.ledger.read() as connection:
        names = connection.execute(select(DECISION.c.member_id)).scalars().all()
    assert sum(name.startswith("erased-") for name in names) == 1


def test_a_restore_into_a_ledger_that_holds_anything_is_refused(village, tmp_path):
    ledger_admin.backup_to(village.engine, tmp_path / "backup", _nobody)
    with pytest.raises(UserError, match="not_empty"):
        ledger_admin.restore_from(village.engine, tmp_path / "backup", _nobody)


def test_a_backup_is_its_owners_alone_and_is_never_written_over(village, tmp_path):
    file = tmp_path / "backup"
    ledger_admin.backup_to(village.engine, file, _nobody)
    assert file.stat().st_mode & 0o077 == 0
    content = file.read_bytes()
    with pytest.raises(UserError, match="file_exists"):
        ledger_admin.backup_to(village.engine, file, _nobody)
    assert file.read_bytes() == content
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".backup")] == []


def test_a_backup_that_fails_leaves_no_file(village, tmp_path):
    def breaks(_rows: int) -> None:
        raise OSError("no space left")

    with pytest.raises(UserError, match="no space"):
        ledger_admin.backup_to(village.engine, tmp_path / "deep" / "backup", breaks)
    assert list((tmp_path / "deep").iterdir()) == []


@pytest.mark.parametrize("content", [None, b"", b"not a database", b"SQLite format 3\0"])
def test_a_file_that_is_no_backup_is_refused(village, tmp_path, content):
    file: Path = tmp_path / "backup"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UserError) as raised:
        ledger_admin.restore_from(village.engine, file, _nobody)
    assert raised.value.problems[0].code == ("unreadable" if content is None else "no_backup")


def test_an_empty_database_is_no_backup(village, tmp_path):
    with closing(Ledger.from_path(tmp_path / "other.sqlite")) as other, other.write() as connection:
        connection.execute(text("CREATE TABLE shopping (milk TEXT)"))
    with pytest.raises(UserError, match="no_backup"):
        ledger_admin.restore_from(village.engine, tmp_path / "other.sqlite", _nobody)
