"""A backup holds one moment; a restored ledger repeats later erasures and sends nothing by itself."""

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


def _ignore_progress(_rows: int) -> None: ...


def _empty_ledger(workspace: SampleWorkspace) -> None:
    """Empty the database, as if the ledger were lost."""
    with workspace.engine.context.ledger.write() as connection:
        for table in SQLModel.metadata.sorted_tables:
            connection.execute(delete(table))


def test_restored_ledger_equals_the_one_backed_up(workspace, tmp_path):
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    before = workspace.deliveries(run), [workspace.contact(member) for member in MEMBERS]
    row_counts = ledger_admin.backup_to(workspace.engine.context, tmp_path / "backups" / "monday", _ignore_progress)
    _empty_ledger(workspace)
    restored, _ = ledger_admin.restore_from(workspace.engine.context, tmp_path / "backups" / "monday", _ignore_progress)
    assert restored == row_counts
    assert (workspace.deliveries(run), [workspace.contact(member) for member in MEMBERS]) == before
    workspace.plan("again", MARKETING)


def test_messages_sent_after_the_backup_are_not_resent_automatically(workspace, tmp_path):
    provider = with_scripted_provider(workspace, ScriptedProvider())
    run = workspace.start("hi", MARKETING)
    ledger_admin.backup_to(workspace.engine.context, tmp_path / "backup", _ignore_progress)
    workspace.send(run)
    _empty_ledger(workspace)
    _, suspended = ledger_admin.restore_from(workspace.engine.context, tmp_path / "backup", _ignore_progress)
    assert suspended.runs == 1
    assert workspace.state(run) == RunState.PAUSED
    workspace.send(run)
    assert sorted(provider.received) == list(MEMBERS)


def test_member_erased_after_the_backup_stays_erased(workspace, tmp_path):
    run = workspace.start("hi", MARKETING)
    ledger_admin.backup_to(workspace.engine.context, tmp_path / "backup", _ignore_progress)
    erase(workspace.engine.context, "m05")
    _empty_ledger(workspace)
    ledger_admin.restore_from(workspace.engine.context, tmp_path / "backup", _ignore_progress)
    with pytest.raises(UserError, match="unknown_member"):
        workspace.contact("m05")
    assert "m05" not in workspace.decisions(run)
    with workspace.engine.context.ledger.read() as connection:
        names = connection.execute(select(DECISION.c.member_id)).scalars().all()
    assert sum(name.startswith("erased-") for name in names) == 1


def test_restore_into_a_ledger_with_rows_is_refused(workspace, tmp_path):
    ledger_admin.backup_to(workspace.engine.context, tmp_path / "backup", _ignore_progress)
    with pytest.raises(UserError, match="not_empty"):
        ledger_admin.restore_from(workspace.engine.context, tmp_path / "backup", _ignore_progress)


def test_backup_is_readable_by_its_owner_only_and_never_overwritten(workspace, tmp_path):
    file = tmp_path / "backup"
    ledger_admin.backup_to(workspace.engine.context, file, _ignore_progress)
    assert file.stat().st_mode & 0o077 == 0
    content = file.read_bytes()
    with pytest.raises(UserError, match="file_exists"):
        ledger_admin.backup_to(workspace.engine.context, file, _ignore_progress)
    assert file.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".backup")] == []


def test_failed_backup_leaves_no_file(workspace, tmp_path):
    def fail(_rows: int) -> None:
        raise OSError("no space left")

    with pytest.raises(UserError, match="no space"):
        ledger_admin.backup_to(workspace.engine.context, tmp_path / "deep" / "backup", fail)
    assert list((tmp_path / "deep").iterdir()) == []


@pytest.mark.parametrize("content", [None, b"", b"not a database", b"SQLite format 3\0"])
def test_file_that_is_no_backup_is_refused(workspace, tmp_path, content):
    file: Path = tmp_path / "backup"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UserError) as raised:
        ledger_admin.restore_from(workspace.engine.context, file, _ignore_progress)
    assert raised.value.problems[0].code == ("unreadable" if content is None else "no_backup")


def test_database_of_another_program_is_no_backup(workspace, tmp_path):
    with closing(Ledger.from_path(tmp_path / "other.sqlite")) as other, other.write() as connection:
        connection.execute(text("CREATE TABLE shopping (milk TEXT)"))
    with pytest.raises(UserError, match="no_backup"):
        ledger_admin.restore_from(workspace.engine.context, tmp_path / "other.sqlite", _ignore_progress)
