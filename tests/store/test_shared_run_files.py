"""A worker on another machine has the ledger and the workspace's files from git, and nothing of `data/runs`."""

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


def elsewhere(workspace: SampleWorkspace, root: Path) -> SampleWorkspace:
    """The village on a machine that has the same workspace and key, and no run's files."""
    shutil.copytree(workspace.root, root, ignore=shutil.ignore_patterns("runs"))
    return SampleWorkspace(root, workspace.clock)


def kept(workspace: SampleWorkspace) -> frozenset[str]:
    with workspace.engine.context.ledger.read() as connection:
        return frozenset(connection.execute(select(RUN_FILE.c.name).where(RUN_FILE.c.run_number > 0)).scalars())


def test_of_two_processes_that_fetch_a_definition_at_once_both_have_it(workspace, tmp_path, monkeypatch):
    """The other is faster between the look at the folder and the last step."""
    run = workspace.start("hi", MARKETING)
    with closing(elsewhere(workspace, tmp_path / "elsewhere")) as other:
        files = other.engine.run_definitions.files(run)
        shared = SharedRunFiles(other.engine.context.ledger, run, files)
        really, calls = shared_run_files.shutil.rmtree, []

        def slowly(path, **how) -> None:
            really(path, **how)
            calls.append(path)
            if len(calls) == 1:
                shared.fetch_definition()

        monkeypatch.setattr(shared_run_files.shutil, "rmtree", slowly)
        shared.fetch_definition()
        assert calls.count(files.definition) == 2
        assert [path.name for path in files.folder.iterdir() if path.name.startswith("tmp")] == []
        assert other.engine.context.repository.planned_campaign(files.definition, run.campaign)[0].name == "hi"


def test_a_plan_is_not_seen_before_its_files_are_in_the_ledger(workspace, monkeypatch):
    """Another server starts whatever is planned, at once."""
    really, states = SharedRunFiles.upload, []

    def put(shared: SharedRunFiles) -> None:
        really(shared)
        states.append(workspace.state(shared.run))

    monkeypatch.setattr(SharedRunFiles, "upload", put)
    workspace.plan("hi", MARKETING)
    assert states == [RunState.PLANNING]


def test_who_began_to_plan_and_was_asleep_drops_no_files_of_a_plan_that_others_made_meanwhile(
    workspace,
):
    draft, _ = workspace.engine.context.repository.campaign_definition(workspace.write_campaign("hi", MARKETING))
    now = workspace.clock.time
    with workspace.engine.context.ledger.write() as connection:
        begun = runs.open_run(connection, draft.campaign, str(draft.file), now, now, scheduled=False)
    run, _ = workspace.plan("hi")
    with pytest.raises(UserError) as raised:
        SharedRunFiles(workspace.engine.context.ledger, begun, workspace.engine.run_definitions.files(run)).delete()
    assert [problem.code for problem in raised.value.problems] == ["planned_elsewhere"]
    assert kept(workspace) == {"definition", "fields"}


def test_of_two_processes_that_put_the_same_files_at_once_both_go_on(workspace, monkeypatch):
    """The other is faster between the look into the ledger and the first part."""
    run, _ = workspace.plan("hi", MARKETING)
    files = workspace.engine.run_definitions.files(run)
    shared = SharedRunFiles(workspace.engine.context.ledger, run, files)
    frozen = b"".join(shared._parts("fields"))
    shared.delete()
    files.fields.write_bytes(frozen)
    really = SharedRunFiles.upload

    def late(late_one: SharedRunFiles) -> None:
        monkeypatch.setattr(SharedRunFiles, "upload", really)
        shared.ensure_uploaded()
        really(late_one)

    monkeypatch.setattr(SharedRunFiles, "upload", late)
    shared.ensure_uploaded()
    assert b"".join(shared._parts("fields")) == frozen
    workspace.engine.run_control.start(run)
    assert workspace.state(run) == RunState.SENDING


def test_another_machine_sends_what_was_planned_here_and_keeps_nothing_of_it(workspace, tmp_path):
    run = workspace.start("hi", MARKETING)
    assert not workspace.engine.run_definitions.files(run).fields.exists()
    with closing(elsewhere(workspace, tmp_path / "elsewhere")) as other:
        provider = with_scripted_provider(other, ScriptedProvider())
        Worker.for_worker_command(other.engine).send_all()
        assert Counter(provider.heard) == dict.fromkeys(MEMBERS, 1)
        assert [path.name for path in other.engine.run_definitions.files(run).folder.rglob("*.parquet")] == []
    assert workspace.state(run) == RunState.CLOSED
    delete_ended_fields(workspace.engine.context.ledger)
    assert kept(workspace) == {"definition"}


def test_another_machine_starts_what_was_planned_here(workspace, tmp_path):
    run, _ = workspace.plan("hi", MARKETING)
    with closing(elsewhere(workspace, tmp_path / "elsewhere")) as other:
        (workspace.root / "config/campaigns/hi.yaml").unlink()  # the path of this machine says nothing to the other
        other.engine.run_control.start(other.engine.queries.run(run.run_id))
    assert workspace.state(run) == RunState.SENDING


def test_a_plan_whose_files_are_nowhere_is_not_started(workspace):
    run, _ = workspace.plan("hi", MARKETING)
    with workspace.engine.context.ledger.write() as connection:
        connection.execute(delete(RUN_FILE))
    with pytest.raises(UserError, match="on another machine"):
        workspace.engine.run_control.start(run)


def test_who_signs_otherwise_does_not_begin(workspace, tmp_path):
    require_same_key(workspace.engine.context.ledger, workspace.engine.context.signer)
    with closing(elsewhere(workspace, tmp_path / "elsewhere")) as other:
        require_same_key(other.engine.context.ledger, other.engine.context.signer)
    (tmp_path / "elsewhere/data/signing.key").unlink()
    with (
        closing(SampleWorkspace(tmp_path / "elsewhere", workspace.clock)) as stranger,
        pytest.raises(UserError, match="key"),
    ):
        Worker.for_worker_command(stranger.engine).run_until_signalled()


def test_it_is_said_once_that_no_worker_takes_a_run_up(workspace, caplog, monkeypatch):
    monkeypatch.setattr(procrastinate_dispatcher, "_PATIENCE", 0)
    run = workspace.start("hi", MARKETING)
    for _ in range(4):
        workspace.engine.dispatcher.submit(run.run_id)
    assert [each.message for each in caplog.records if "viesti worker" in each.message] == [
        f"{run.run_id} waits to be sent, and no worker takes it: is there a `viesti worker`?"
    ]
