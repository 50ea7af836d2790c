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
from tests.support.sample_campaigns import MARKETING
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.scripted_provider import ScriptedProvider, with_scripted_provider


def _nobody(_rows: int) -> None: ...


def _lose(workspace: SampleWorkspace) -> None:
    """The ledger is lost: its database is empty again."""
    with workspace.engine.context.ledger.write() as connection:
        for table in SQLModel.metadata.sorted_tables:
            connection.execute(delete(table))


def test_a_restored_ledger_is_the_one_that_was_backed_up(workspace, tmp_path):
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    before = workspace.deliveries(run), [workspace.contact(member) for member in MEMBERS]
    counted = ledger_admin.backup_to(workspace.engine.context, tmp_path / "backups" / "monday", _nobody)
    _lose(workspace)
    restored, _ = ledger_admin.restore_from(workspace.engine.context, tmp_path / "backups" / "monday", _nobody)
    assert restored == counted
    assert (workspace.deliveries(run), [workspace.contact(member) for member in MEMBERS]) == before
    workspace.plan("again", MARKETING)


def test_what_was_sent_after_the_backup_is_not_sent_again_by_itself(workspace, tmp_path):
    provider = with_scripted_provider(workspace, ScriptedProvider())
    run = workspace.start("hi", MARKETING)
    ledger_admin.backup_to(workspace.engine.context, tmp_path / "backup", _nobody)
    workspace.send(run)
    _lose(workspace)
    _, held = ledger_admin.restore_from(workspace.engine.context, tmp_path / "backup", _nobody)
    assert held.runs == 1
    assert workspace.state(run) == RunState.PAUSED
    workspace.send(run)
    assert sorted(provider.heard) == list(MEMBERS)


def test_who_was_erased_after_the_backup_stays_erased(workspace, tmp_path):
    run = workspace.start("hi", MARKETING)
    ledger_admin.backup_to(workspace.engine.context, tmp_path / "backup", _nobody)
    erase(workspace.engine.context, "m05")
    _lose(workspace)
    ledger_admin.restore_from(workspace.engine.context, tmp_path / "backup", _nobody)
    with pytest.raises(UserError, match="unknown_member"):
        workspace.contact("m05")
    assert "m05" not in workspace.decisions(run)
    with workspace.engine.context.ledger.read() as connection:
        names = connection.execute(select(DECISION.c.member_id)).scalars().all()
    assert sum(name.startswith("erased-") for name in names) == 1


def test_a_restore_into_a_ledger_that_holds_anything_is_refused(workspace, tmp_path):
    ledger_admin.backup_to(workspace.engine.context, tmp_path / "backup", _nobody)
    with pytest.raises(UserError, match="not_empty"):
        ledger_admin.restore_from(workspace.engine.context, tmp_path / "backup", _nobody)


def test_a_backup_is_its_owners_alone_and_is_never_written_over(workspace, tmp_path):
    file = tmp_path / "backup"
    ledger_admin.backup_to(workspace.engine.context, file, _nobody)
    assert file.stat().st_mode & 0o077 == 0
    content = file.read_bytes()
    with pytest.raises(UserError, match="file_exists"):
        ledger_admin.backup_to(workspace.engine.context, file, _nobody)
    assert file.read_bytes() == content
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".backup")] == []


def test_a_backup_that_fails_leaves_no_file(workspace, tmp_path):
    def breaks(_rows: int) -> None:
        raise OSError("no space left")

    with pytest.raises(UserError, match="no space"):
        ledger_admin.backup_to(workspace.engine.context, tmp_path / "deep" / "backup", breaks)
    assert list((tmp_path / "deep").iterdir()) == []


@pytest.mark.parametrize("content", [None, b"", b"not a database", b"SQLite format 3\0"])
def test_a_file_that_is_no_backup_is_refused(workspace, tmp_path, content):
    file: Path = tmp_path / "backup"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UserError) as raised:
        ledger_admin.restore_from(workspace.engine.context, file, _nobody)
    assert raised.value.problems[0].code == ("unreadable" if content is None else "no_backup")


def test_an_empty_database_is_no_backup(workspace, tmp_path):
    with closing(Ledger.from_path(tmp_path / "other.sqlite")) as other, other.write() as connection:
        connection.execute(text("CREATE TABLE shopping (milk TEXT)"))
    with pytest.raises(UserError, match="no_backup"):
        ledger_admin.restore_from(workspace.engine.context, tmp_path / "other.sqlite", _nobody)
