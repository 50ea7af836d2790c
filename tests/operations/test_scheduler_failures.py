"""Schedulers that die, sleep or meet errors: no occasion is lost, mixed with another, or held up by another."""

import re
from datetime import timedelta

import pytest

from campaigns.core.errors import UserError
from campaigns.operations.scheduler import Scheduler, plan_in_child_process
from campaigns.operations.worker import Worker
from campaigns.runs import planner
from campaigns.runs.planning.query_session import QuerySession
from campaigns.runs.queries import Queries
from campaigns.store.runs import publications, runs
from campaigns.store.runs.run_tables import Run
from tests.support.sample_workspace import MEMBERS, NOW, SampleWorkspace
from tests.support.schedules import DAILY, DUE, all_runs, publish, run_outcomes, run_scheduler
from tests.support.scripted_provider import ScriptedProvider, accept, with_scripted_provider

pytestmark = pytest.mark.long


def run_left_in(workspace: SampleWorkspace, state: str) -> Run:
    """Return a scheduled run that its process left in this state."""
    publish(workspace)
    workspace.clock.time = DUE
    draft, _ = workspace.engine.context.repository.campaign_definition("hi")
    with workspace.engine.context.ledger.write() as connection:
        publications.advance(connection, "hi", DUE, DUE + timedelta(days=1))
        run = runs.open_run(connection, draft.campaign, str(draft.file), DUE, DUE, scheduled=True)
    if state == "planned":
        run, _ = workspace.engine.planner.plan(draft, DUE, lambda _: None, scheduled=True)
    return run


def test_planning_of_a_dead_process_is_taken_over_after_its_lease(workspace, provider):
    run_left_in(workspace, "planning")
    workspace.clock.advance(minutes=9)
    run_scheduler(workspace)
    assert run_outcomes(workspace) == [(DUE, "planning", None)]  # its process may be alive
    workspace.clock.advance(minutes=1)
    run_scheduler(workspace)
    assert run_outcomes(workspace) == [(DUE, "closed", None)]
    assert sorted(provider.received) == sorted(MEMBERS)


@pytest.mark.parametrize("state", ["planning", "planned"])
def test_run_not_started_in_time_is_missed(workspace, provider, state):
    run = run_left_in(workspace, state)
    workspace.clock.time = DUE + timedelta(hours=1, seconds=1)
    run_scheduler(workspace)
    assert run_outcomes(workspace) == [(DUE, "missed", "too_late")]
    assert provider.received == []
    assert not workspace.engine.run_definitions.files(run).fields.exists()
    if state == "planned":
        assert set(workspace.end_states(run).values()) == {("expired", "expired")}
        workspace.balance(run)


def test_planner_that_lost_its_lease_does_not_mix_its_plan_with_another(workspace, provider, monkeypatch):
    """One planner sleeps for longer than its lease; another plans the same run meanwhile."""
    workspace.write_campaign("hi", DAILY)
    other = SampleWorkspace(workspace.root, workspace.clock)
    draft, _ = workspace.engine.context.repository.campaign_definition("hi")
    plan_without_saving, slept = Queries.plan_without_saving, []

    def asleep(queries, *arguments):
        if not slept:
            slept.append(True)
            other.plan("hi", as_of=NOW)
        return plan_without_saving(queries, *arguments)

    monkeypatch.setattr(Queries, "plan_without_saving", asleep)
    with pytest.raises(UserError) as raised:
        workspace.engine.planner.plan(draft, NOW, lambda _: None)
    other.close()
    assert [problem.code for problem in raised.value.problems] == ["planned_elsewhere"]
    (run,) = all_runs(workspace)
    assert run.state == "planned"
    assert len(workspace.decisions(run)) == len(MEMBERS)
    workspace.balance(run)


@pytest.mark.parametrize(("owner", "step"), [(planner, "copy_run_files"), (QuerySession, "export_parquet")])
def test_slow_planner_changes_no_file_of_the_plan_that_took_over(workspace, monkeypatch, owner, step):
    """Otherwise that plan could not be sent, or members would read fields frozen for others."""
    draft, _ = workspace.engine.context.repository.campaign_definition(workspace.write_campaign("hi", DAILY).stem)
    other, original, texts = SampleWorkspace(workspace.root, workspace.clock), getattr(owner, step), {}

    def slow_step(*arguments):
        monkeypatch.setattr(owner, step, original)
        other.change_contact("m01", email=None)  # the first member: all others get another position
        other.plan("hi", as_of=NOW)
        return original(*arguments)

    def answer(message):
        texts[message.claimed.member_id] = message.text
        return accept(message)

    monkeypatch.setattr(owner, step, slow_step)
    with pytest.raises(UserError) as raised:
        workspace.engine.planner.plan(draft, NOW, lambda _: None)
    other.close()
    assert [problem.code for problem in raised.value.problems] == ["planned_elsewhere"]
    with_scripted_provider(workspace, ScriptedProvider(answer))
    (run,) = all_runs(workspace)
    workspace.engine.run_control.start(run)
    assert [path.name for path in workspace.engine.run_definitions.files(run).folder.glob("*.parquet")] == [
        "fields.parquet"
    ]
    assert workspace.send(run).closed
    assert {member: re.search(r"(\d+)[.,]50", text)[1] for member, text in texts.items()} == {
        member: str(number) for number, member in enumerate(MEMBERS, start=1) if member != "m01"
    }


def test_campaign_that_cannot_be_planned_holds_up_no_other(workspace, provider):
    publish(workspace, "a")
    publish(workspace, "b")
    (workspace.root / "config/campaigns/a.yaml").unlink()
    workspace.clock.time = DUE
    run_scheduler(workspace)
    assert [(run.campaign, run.state) for run in sorted(all_runs(workspace), key=lambda run: run.campaign)] == [
        ("a", "missed"),
        ("b", "closed"),
    ]


def test_run_without_its_frozen_fields_is_logged_and_holds_up_no_other(workspace, provider, caplog):
    broken = workspace.start("hi", DAILY)
    workspace.engine.run_definitions.files(broken).fields.unlink()
    workspace.clock.advance(seconds=61)
    run = workspace.start("ho", DAILY)
    worker = Worker(workspace.engine)
    worker.send_all()
    worker.send_all()
    assert (workspace.state(broken), workspace.state(run)) == ("sending", "closed")
    assert workspace.balance(broken) == {"pending": len(MEMBERS)}
    assert [record.getMessage().partition(" [")[0] for record in caplog.records if record.levelname == "ERROR"] == [
        f"{broken.run_id}: what was frozen for it about its members is not here"
    ]


def test_invalid_settings_hold_up_nothing_and_are_logged_once(workspace, provider, caplog):
    """A file is being edited at the moment at which a campaign is due."""
    publish(workspace)
    settings = workspace.root / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8") + "newsletters: {", "utf-8")
    workspace.clock.time = DUE
    run_scheduler(workspace)
    assert run_outcomes(workspace) == [(DUE, "closed", None)]
    assert [f"{settings}:" in record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [True]


def test_audience_with_a_fault_holds_up_nothing_and_is_logged_once(workspace, provider, caplog):
    publish(workspace)
    audience = workspace.root / "config" / "audiences" / "bad.yaml"
    audience.parent.mkdir(exist_ok=True)
    audience.write_text("title: Bad\nmatch: {aeg: {from: 18}}\n", "utf-8")
    workspace.clock.time = DUE
    run_scheduler(workspace)
    assert run_outcomes(workspace) == [(DUE, "closed", None)]
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert [f"{audience}:2:9" in error for error in errors] == [True]


def test_scheduled_plan_of_nobody_is_logged(workspace, provider, caplog):
    publish(workspace, "hi", DAILY.replace("{register: [owners, customers]}", "{age: {from: 150}}"))
    workspace.clock.time = DUE
    run_scheduler(workspace)
    warnings = [record.getMessage() for record in caplog.records if "[nobody]" in record.getMessage()]
    assert len(warnings) == 1


def test_run_due_under_invalid_settings_is_planned_once_they_are_valid(workspace, provider):
    """The child process reads the settings again."""
    publish(workspace)
    workspace.clock.time = DUE
    settings, scheduler = (
        workspace.root / "config" / "settings.yaml",
        Scheduler(workspace.engine, plan=plan_in_child_process),
    )
    valid = settings.read_text("utf-8")
    settings.write_text(valid + "newsletters: {", "utf-8")
    scheduler.plan_due()
    assert run_outcomes(workspace) == [(DUE, "planning", None)]
    settings.write_text(valid, "utf-8")
    workspace.clock.advance(minutes=10)
    scheduler.plan_due()
    scheduler.plan_due()
    scheduler.send()
    assert run_outcomes(workspace) == [(DUE, "closed", None)]
    assert sorted(provider.received) == sorted(MEMBERS)


def test_plan_of_a_killed_process_is_made_again(workspace, provider, tmp_path, monkeypatch, caplog):
    publish(workspace)
    workspace.clock.time = DUE
    executable = tmp_path / "killed"
    executable.write_text("#!/bin/sh\nkill -9 $$\n", "ascii")
    executable.chmod(0o700)
    scheduler = Scheduler(workspace.engine, plan=plan_in_child_process)
    with monkeypatch.context() as patch:
        patch.setattr("sys.executable", str(executable))
        scheduler.plan_due()
    assert [record.getMessage().partition("\n")[0] for record in caplog.records] == [
        f"hi: the planning process has ended: Command '('{executable}', '-m', 'campaigns.core.child_process')' "
        "died with <Signals.SIGKILL: 9>. [not_planned]"
    ]
    workspace.clock.advance(minutes=10)  # the planning lease has ended
    scheduler.plan_due()
    scheduler.plan_due()
    scheduler.send()
    assert run_outcomes(workspace) == [(DUE, "closed", None)]
    assert sorted(provider.received) == sorted(MEMBERS)


def test_missing_definition_of_a_run_is_logged_once(workspace, provider, caplog):
    publish(workspace)
    workspace.clock.time = DUE
    scheduler = Scheduler(workspace.engine)
    scheduler.plan_due()
    scheduler.plan_due()
    (run,) = all_runs(workspace)
    definition = workspace.engine.run_definitions.files(run).definition
    definition.rename(definition.with_name("away"))
    for _ in range(3):
        scheduler.send()
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [run.run_id]
    definition.with_name("away").rename(definition)
    scheduler.send()
    assert sorted(provider.received) == sorted(MEMBERS)
