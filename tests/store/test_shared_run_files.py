"""A worker on another machine has the ledger and the workspace's files from git, but no `data/runs`."""

import shutil
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from campaigns.core.errors import UserError
from campaigns.operations.worker import Worker
from campaigns.runs.dispatch import procrastinate_dispatcher
from campaigns.runs.planning import shared_run_files
from campaigns.runs.planning.shared_run_files import SharedRunFiles, delete_ended_fields, require_same_key
from campaigns.store.runs import runs
from campaigns.store.runs.run_file_tables import RUN_FILE
from campaigns.store.runs.states import RunState
from tests.support.sample_campaigns import MARKETING
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.scripted_provider import ScriptedProvider, with_scripted_provider

DATABASES = ("postgresql",)


def other_machine(workspace: SampleWorkspace, root: Path) -> SampleWorkspace:
    """Copy the workspace to another machine: the same files and key, but no files of runs."""
    shutil.copytree(workspace.root, root, ignore=shutil.ignore_patterns("runs"))
    return SampleWorkspace(root, workspace.clock)


def stored_file_names(workspace: SampleWorkspace) -> frozenset[str]:
    with workspace.engine.context.ledger.read() as connection:
        return frozenset(connection.execute(select(RUN_FILE.c.name).where(RUN_FILE.c.run_number > 0)).scalars())


def test_two_processes_fetching_a_definition_at_once_both_get_it(workspace, tmp_path, monkeypatch):
    """The other process finishes between the check of the folder and the last step."""
    run = workspace.start("hi", MARKETING)
    with closing(other_machine(workspace, tmp_path / "elsewhere")) as other:
        files = other.engine.run_definitions.files(run)
        shared = SharedRunFiles(other.engine.context.ledger, run, files)
        original, calls = shared_run_files.shutil.rmtree, []

        def delete_slowly(path, **options) -> None:
            original(path, **options)
            calls.append(path)
            if len(calls) == 1:
                shared.fetch_definition()

        monkeypatch.setattr(shared_run_files.shutil, "rmtree", delete_slowly)
        shared.fetch_definition()
        assert calls.count(files.definition) == 2
        assert [path.name for path in files.folder.iterdir() if path.name.startswith("tmp")] == []
        assert other.engine.context.repository.planned_campaign(files.definition, run.campaign)[0].name == "hi"


def test_plan_becomes_visible_after_its_files_are_in_the_ledger(workspace, monkeypatch):
    """Another server would start a visible plan at once."""
    original, states = SharedRunFiles.upload, []

    def record_state_and_upload(shared: SharedRunFiles) -> None:
        original(shared)
        states.append(workspace.state(shared.run))

    monkeypatch.setattr(SharedRunFiles, "upload", record_state_and_upload)
    workspace.plan("hi", MARKETING)
    assert states == [RunState.PLANNING]


def test_delayed_planner_deletes_no_files_of_a_plan_made_meanwhile(
    workspace,
):
    draft, _ = workspace.engine.context.repository.campaign_definition(workspace.write_campaign("hi", MARKETING))
    now = workspace.clock.time
    with workspace.engine.context.ledger.write() as connection:
        opened_run = runs.open_run(connection, draft.campaign, str(draft.file), now, now, scheduled=False)
    run, _ = workspace.plan("hi")
    with pytest.raises(UserError) as raised:
        SharedRunFiles(
            workspace.engine.context.ledger, opened_run, workspace.engine.run_definitions.files(run)
        ).delete()
    assert [problem.code for problem in raised.value.problems] == ["planned_elsewhere"]
    assert stored_file_names(workspace) == {"definition", "fields"}


def test_two_processes_uploading_the_same_files_at_once_both_succeed(workspace, monkeypatch):
    """The other process finishes between the check of the ledger and the first part."""
    run, _ = workspace.plan("hi", MARKETING)
    files = workspace.engine.run_definitions.files(run)
    shared = SharedRunFiles(workspace.engine.context.ledger, run, files)
    content = b"".join(shared._parts("fields"))
    shared.delete()
    files.fields.write_bytes(content)
    original = SharedRunFiles.upload

    def upload_after_other(slower: SharedRunFiles) -> None:
        monkeypatch.setattr(SharedRunFiles, "upload", original)
        shared.ensure_uploaded()
        original(slower)

    monkeypatch.setattr(SharedRunFiles, "upload", upload_after_other)
    shared.ensure_uploaded()
    assert b"".join(shared._parts("fields")) == content
    workspace.engine.run_control.start(run)
    assert workspace.state(run) == RunState.SENDING


def test_another_machine_sends_the_plan_and_keeps_no_file(workspace, tmp_path):
    run = workspace.start("hi", MARKETING)
    assert not workspace.engine.run_definitions.files(run).fields.exists()
    with closing(other_machine(workspace, tmp_path / "elsewhere")) as other:
        provider = with_scripted_provider(other, ScriptedProvider())
        Worker.for_worker_command(other.engine).send_all()
        assert Counter(provider.received) == dict.fromkeys(MEMBERS, 1)
        assert [path.name for path in other.engine.run_definitions.files(run).folder.rglob("*.parquet")] == []
    assert workspace.state(run) == RunState.CLOSED
    delete_ended_fields(workspace.engine.context.ledger)
    assert stored_file_names(workspace) == {"definition"}


def test_another_machine_starts_the_plan(workspace, tmp_path):
    run, _ = workspace.plan("hi", MARKETING)
    with closing(other_machine(workspace, tmp_path / "elsewhere")) as other:
        (workspace.root / "config/campaigns/hi.yaml").unlink()  # a path of this machine means nothing to the other
        other.engine.run_control.start(other.engine.queries.run(run.run_id))
    assert workspace.state(run) == RunState.SENDING


def test_plan_without_files_is_not_started(workspace):
    run, _ = workspace.plan("hi", MARKETING)
    with workspace.engine.context.ledger.write() as connection:
        connection.execute(delete(RUN_FILE))
    with pytest.raises(UserError, match="on another machine"):
        workspace.engine.run_control.start(run)


def test_worker_with_another_signing_key_does_not_start(workspace, tmp_path):
    require_same_key(workspace.engine.context.ledger, workspace.engine.context.signer)
    with closing(other_machine(workspace, tmp_path / "elsewhere")) as other:
        require_same_key(other.engine.context.ledger, other.engine.context.signer)
    (tmp_path / "elsewhere/data/signing.key").unlink()
    with (
        closing(SampleWorkspace(tmp_path / "elsewhere", workspace.clock)) as other_key,
        pytest.raises(UserError, match="key"),
    ):
        Worker.for_worker_command(other_key.engine).run_until_signalled()


def test_missing_worker_is_logged_once(workspace, caplog, monkeypatch):
    monkeypatch.setattr(procrastinate_dispatcher, "_STUCK_AFTER", 0)
    run = workspace.start("hi", MARKETING)
    for _ in range(4):
        workspace.engine.dispatcher.submit(run.run_id)
    assert [record.message for record in caplog.records if "viesti worker" in record.message] == [
        f"{run.run_id} waits to be sent, and no worker takes it: is there a `viesti worker`?"
    ]
