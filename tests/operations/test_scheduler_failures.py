"""Schedulers that die, sleep or meet what is wrong: no occasion is lost by it, mixed with another, or holds one up."""

import re
from datetime import timedelta

import pytest

from campaigns.core.errors import UserError
from campaigns.operations.scheduler import Scheduler, plan_in_child_process
from campaigns.operations.worker import Worker
from campaigns.runs import engine
from campaigns.runs.planning.query_session import QuerySession
from campaigns.runs.queries import Queries
from campaigns.store.runs import publications, runs
from campaigns.store.runs.run_tables import Run
from tests.support.sample_workspace import MEMBERS, NOW, SampleWorkspace
from tests.support.schedules import DAILY, DUE, all_runs, publish, run_outcomes, run_scheduler
from tests.support.scripted_provider import ScriptedProvider, accept, with_scripted_provider


def taken_up(workspace: SampleWorkspace, state: str) -> Run:
    """A scheduled run that its process left in this state."""
    publish(workspace)
    workspace.clock.time = DUE
    draft, _ = workspace.engine.context.repository.campaign_definition("hi")
    with workspace.engine.context.ledger.write() as connection:
        publications.advance(connection, "hi", DUE, DUE + timedelta(days=1))
        run = runs.open_run(connection, draft.campaign, str(draft.file), DUE, DUE, scheduled=True)
    if state == "planned":
        run, _ = workspace.engine.planner.plan(draft, DUE, lambda _: None, scheduled=True)
    return run


def test_the_planning_of_a_process_that_died_is_taken_over_when_its_lease_is_over(workspace, provider):
    taken_up(workspace, "planning")
    workspace.clock.advance(minutes=9)
    run_scheduler(workspace)
    assert run_outcomes(workspace) == [(DUE, "planning", None)]  # it may be alive
    workspace.clock.advance(minutes=1)
    run_scheduler(workspace)
    assert run_outcomes(workspace) == [(DUE, "closed", None)]
    assert sorted(provider.heard) == sorted(MEMBERS)


@pytest.mark.parametrize("state", ["planning", "planned"])
def test_what_was_not_started_in_time_is_missed_though_it_was_taken_up(workspace, provider, state):
    run = taken_up(workspace, state)
    workspace.clock.time = DUE + timedelta(hours=1, seconds=1)
    run_scheduler(workspace)
    assert run_outcomes(workspace) == [(DUE, "missed", "too_late")]
    assert provider.heard == []
    assert not workspace.engine.run_definitions.files(run).fields.exists()
    if state == "planned":
        assert set(workspace.end_states(run).values()) == {("expired", "expired")}
        workspace.balance(run)


def test_who_was_thought_dead_cannot_mix_its_plan_with_that_of_another(workspace, provider, monkeypatch):
    """The one that plans is asleep for longer than its lease; another plans the same run meanwhile."""
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


@pytest.mark.parametrize(("owner", "step"), [(engine, "begin"), (QuerySession, "write")])
def test_who_plans_too_slowly_changes_no_file_of_the_plan_that_took_the_run_over(workspace, monkeypatch, owner, step):
    """Otherwise nobody could send that plan, or members would read what was frozen about others."""
    draft, _ = workspace.engine.context.repository.campaign_definition(workspace.write_campaign("hi", DAILY).stem)
    other, really, read = SampleWorkspace(workspace.root, workspace.clock), getattr(owner, step), {}

    def slowly(*given):
        monkeypatch.setattr(owner, step, really)
        other.change_contact("m01", email=None)  # the first: everybody else has another position
        other.plan("hi", as_of=NOW)
        return really(*given)

    def hear(message):
        read[message.claimed.member_id] = message.text
        return accept(message)

    monkeypatch.setattr(owner, step, slowly)
    with pytest.raises(UserError) as raised:
        workspace.engine.planner.plan(draft, NOW, lambda _: None)
    other.close()
    assert [problem.code for problem in raised.value.problems] == ["planned_elsewhere"]
    with_scripted_provider(workspace, ScriptedProvider(hear))
    (run,) = all_runs(workspace)
    workspace.engine.run_control.start(run)
    assert [path.name for path in workspace.engine.run_definitions.files(run).folder.glob("*.parquet")] == [
        "fields.parquet"
    ]
    assert workspace.send(run).closed
    assert {member: re.search(r"(\d+)[.,]50", text)[1] for member, text in read.items()} == {
        member: str(number) for number, member in enumerate(MEMBERS, start=1) if member != "m01"
    }


def test_one_campaign_that_cannot_be_planned_holds_up_no_other(workspace, provider):
    publish(workspace, "a")
    publish(workspace, "b")
    (workspace.root / "config/campaigns/a.yaml").unlink()
    workspace.clock.time = DUE
    run_scheduler(workspace)
    assert [(run.campaign, run.state) for run in sorted(all_runs(workspace), key=lambda run: run.campaign)] == [
        ("a", "missed"),
        ("b", "closed"),
    ]


def test_a_run_whose_frozen_fields_are_gone_is_said_so_and_holds_up_no_other(workspace, provider, caplog):
    gone = workspace.start("hi", DAILY)
    workspace.engine.run_definitions.files(gone).fields.unlink()
    workspace.clock.advance(seconds=61)
    run = workspace.start("ho", DAILY)
    outgoing = Worker(workspace.engine)
    outgoing.send_all()
    outgoing.send_all()
    assert (workspace.state(gone), workspace.state(run)) == ("sending", "closed")
    assert workspace.balance(gone) == {"pending": len(MEMBERS)}
    assert [each.getMessage().partition(" [")[0] for each in caplog.records if each.levelname == "ERROR"] == [
        f"{gone.run_id}: what was frozen for it about its members is not here"
    ]


def test_settings_that_are_wrong_hold_up_nothing_and_are_said_once(workspace, provider, caplog):
    """Somebody is at them at the very moment at which a campaign is due."""
    publish(workspace)
    settings = workspace.root / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8") + "newsletters: {", "utf-8")
    workspace.clock.time = DUE
    run_scheduler(workspace)
    assert run_outcomes(workspace) == [(DUE, "closed", None)]
    assert [f"{settings}:" in each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == [True]


def test_what_is_due_while_settings_are_wrong_is_planned_when_they_are_right(workspace, provider):
    """Who plans apart reads them anew, as they are."""
    publish(workspace)
    workspace.clock.time = DUE
    settings, rounds = (
        workspace.root / "config" / "settings.yaml",
        Scheduler(workspace.engine, plan=plan_in_child_process),
    )
    right = settings.read_text("utf-8")
    settings.write_text(right + "newsletters: {", "utf-8")
    rounds.plan_due()
    assert run_outcomes(workspace) == [(DUE, "planning", None)]
    settings.write_text(right, "utf-8")
    workspace.clock.advance(minutes=10)
    rounds.plan_due()
    rounds.plan_due()
    rounds.send()
    assert run_outcomes(workspace) == [(DUE, "closed", None)]
    assert sorted(provider.heard) == sorted(MEMBERS)


def test_a_plan_whose_process_was_killed_is_made_again(workspace, provider, tmp_path, monkeypatch, caplog):
    publish(workspace)
    workspace.clock.time = DUE
    killed = tmp_path / "killed"
    killed.write_text("#!/bin/sh\nkill -9 $$\n", "ascii")
    killed.chmod(0o700)
    rounds = Scheduler(workspace.engine, plan=plan_in_child_process)
    with monkeypatch.context() as broken:
        broken.setattr("sys.executable", str(killed))
        rounds.plan_due()
    assert [each.getMessage().partition("\n")[0] for each in caplog.records] == [
        f"hi: the planning process has ended: Command '('{killed}', '-m', 'campaigns.core.child_process')' died with "
        "<Signals.SIGKILL: 9>. [not_planned]"
    ]
    workspace.clock.advance(minutes=10)  # nobody has held the plan for so long
    rounds.plan_due()
    rounds.plan_due()
    rounds.send()
    assert run_outcomes(workspace) == [(DUE, "closed", None)]
    assert sorted(provider.heard) == sorted(MEMBERS)


def test_what_stands_in_the_way_of_a_run_is_said_once(workspace, provider, caplog):
    publish(workspace)
    workspace.clock.time = DUE
    rounds = Scheduler(workspace.engine)
    rounds.plan_due()
    rounds.plan_due()
    (run,) = all_runs(workspace)
    kept = workspace.engine.run_definitions.files(run).definition
    kept.rename(kept.with_name("away"))
    for _ in range(3):
        rounds.send()
    assert [each.getMessage().partition(":")[0] for each in caplog.records] == [run.run_id]
    kept.with_name("away").rename(kept)
    rounds.send()
    assert sorted(provider.heard) == sorted(MEMBERS)
