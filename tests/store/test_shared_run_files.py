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
from tests.runs.dispatch.test_claim import MARKETING
from tests.support.sample_workspace import MEMBERS, Village
from tests.support.scripted_provider import Wire, wired

DATABASES = ("postgresql",)


def elsewhere(village: Village, root: Path) -> Village:
    """The village on a machine that has the same workspace and key, and no run's files."""
    shutil.copytree(village.root, root, ignore=shutil.ignore_patterns("runs"))
    return Village(root, village.hands)


def kept(village: Village) -> frozenset[str]:
    with village.engine.ledger.read() as connection:
        return frozenset(connection.execute(select(RUN_FILE.c.name).where(RUN_FILE.c.run_number > 0)).scalars())


def test_of_two_processes_that_fetch_a_definition_at_once_both_have_it(village, tmp_path, monkeypatch):
    """The other is faster between the look at the folder and the last step."""
    run = village.start("hi", MARKETING)
    with closing(elsewhere(village, tmp_path / "elsewhere")) as other:
        files = other.engine.run_files(run)
        shared = SharedRunFiles(other.engine.ledger, run, files)
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
        assert other.engine.library.planned_campaign(files.definition, run.campaign)[0].name == "hi"


def test_a_plan_is_not_seen_before_its_files_are_in_the_ledger(village, monkeypatch):
    """Another server starts whatever is planned, at once."""
    really, states = SharedRunFiles.upload, []

    def put(shared: SharedRunFiles) -> None:
        really(shared)
        states.append(village.state(shared.run))

    monkeypatch.setattr(SharedRunFiles, "upload", put)
    village.plan("hi", MARKETING)
    assert states == [RunState.PLANNING]


def test_who_began_to_plan_and_was_asleep_drops_no_files_of_a_plan_that_others_made_meanwhile(village):
    draft, _ = village.engine.library.campaign_definition(village.write("hi", MARKETING))
    now = village.hands.at
    with village.engine.ledger.write() as connection:
        begun = runs.open_run(connection, draft.campaign, str(draft.file), now, now, scheduled=False)
    run, _ = village.plan("hi")
    with pytest.raises(UserError) as raised:
        SharedRunFiles(village.engine.ledger, begun, village.engine.run_files(run)).delete()
    assert [problem.code for problem in raised.value.problems] == ["planned_elsewhere"]
    assert kept(village) == {"definition", "fields"}


def test_of_two_processes_that_put_the_same_files_at_once_both_go_on(village, monkeypatch):
    """The other is faster between the look into the ledger and the first part."""
    run, _ = village.plan("hi", MARKETING)
    files = village.engine.run_files(run)
    shared = SharedRunFiles(village.engine.ledger, run, files)
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
    village.engine.start(run)
    assert village.state(run) == RunState.SENDING


def test_another_machine_sends_what_was_planned_here_and_keeps_nothing_of_it(village, tmp_path):
    run = village.start("hi", MARKETING)
    assert not village.engine.run_files(run).fields.exists()
    with closing(elsewhere(village, tmp_path / "elsewhere")) as other:
        wire = wired(other, Wire())
        Worker.for_worker_command(other.engine).send_all()
        assert Counter(wire.heard) == dict.fromkeys(MEMBERS, 1)
        assert [path.name for path in other.engine.run_files(run).folder.rglob("*.parquet")] == []
    assert village.state(run) == RunState.CLOSED
    delete_ended_fields(village.engine.ledger)
    assert kept(village) == {"definition"}


def test_another_machine_starts_what_was_planned_here(village, tmp_path):
    run, _ = village.plan("hi", MARKETING)
    with closing(elsewhere(village, tmp_path / "elsewhere")) as other:
        (village.root / "config/campaigns/hi.yaml").unlink()  # the path of this machine says nothing to the other
        other.engine.start(other.engine.run(run.run_id))
    assert village.state(run) == RunState.SENDING


def test_a_plan_whose_files_are_nowhere_is_not_started(village):
    run, _ = village.plan("hi", MARKETING)
    with village.engine.ledger.write() as connection:
        connection.execute(delete(RUN_FILE))
    with pytest.raises(UserError, match="on another machine"):
        village.engine.start(run)


def test_who_signs_otherwise_does_not_begin(village, tmp_path):
    require_same_key(village.engine.ledger, village.engine.signer)
    with closing(elsewhere(village, tmp_path / "elsewhere")) as other:
        require_same_key(other.engine.ledger, other.engine.signer)
    (tmp_path / "elsewhere/data/signing.key").unlink()
    with closing(Village(tmp_path / "elsewhere", village.hands)) as stranger, pytest.raises(UserError, match="key"):
        Worker.for_worker_command(stranger.engine).run_until_signalled()


def test_it_is_said_once_that_no_worker_takes_a_run_up(village, caplog, monkeypatch):
    monkeypatch.setattr(procrastinate_dispatcher, "_PATIENCE", 0)
    run = village.start("hi", MARKETING)
    for _ in range(4):
        village.engine.dispatcher.submit(run.run_id)
    assert [each.message for each in caplog.records if "viesti worker" in each.message] == [
        f"{run.run_id} waits to be sent, and no worker takes it: is there a `viesti worker`?"
    ]
