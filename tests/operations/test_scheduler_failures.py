"""Schedulers that die, sleep or meet what is wrong: no occasion is lost by it, mixed with another, or holds one up."""

import re
from datetime import timedelta

import pytest

from campaigns.core.errors import UserError
from campaigns.operations.scheduler import Scheduler, plan_in_child_process
from campaigns.operations.worker import Worker
from campaigns.runs import engine
from campaigns.runs.planning.query_session import QuerySession
from campaigns.store.runs import publications, runs
from campaigns.store.runs.run_tables import Run
from tests.support.sample_workspace import MEMBERS, NOW, Village
from tests.support.schedules import DAILY, DUE, all_runs, publish, round_of, told
from tests.support.scripted_provider import Wire, accept, wired


def taken_up(village: Village, state: str) -> Run:
    """A scheduled run that its process left in this state."""
    publish(village)
    village.hands.at = DUE
    draft, _ = village.engine.library.campaign_definition("hi")
    with village.engine.ledger.write() as connection:
        publications.advance(connection, "hi", DUE, DUE + timedelta(days=1))
        run = runs.open_run(connection, draft.campaign, str(draft.file), DUE, DUE, scheduled=True)
    if state == "planned":
        run, _ = village.engine.plan(draft, DUE, lambda _: None, scheduled=True)
    return run


def test_the_planning_of_a_process_that_died_is_taken_over_when_its_lease_is_over(village, wire):
    taken_up(village, "planning")
    village.hands.go(minutes=9)
    round_of(village)
    assert told(village) == [(DUE, "planning", None)]  # it may be alive
    village.hands.go(minutes=1)
    round_of(village)
    assert told(village) == [(DUE, "closed", None)]
    assert sorted(wire.heard) == sorted(MEMBERS)


@pytest.mark.parametrize("state", ["planning", "planned"])
def test_what_was_not_started_in_time_is_missed_though_it_was_taken_up(village, wire, state):
    run = taken_up(village, state)
    village.hands.at = DUE + timedelta(hours=1, seconds=1)
    round_of(village)
    assert told(village) == [(DUE, "missed", "too_late")]
    assert wire.heard == []
    assert not village.engine.run_files(run).fields.exists()
    if state == "planned":
        assert set(village.ends(run).values()) == {("expired", "expired")}
        village.balance(run)


def test_who_was_thought_dead_cannot_mix_its_plan_with_that_of_another(village, wire, monkeypatch):
    """The one that plans is asleep for longer than its lease; another plans the same run meanwhile."""
    village.write("hi", DAILY)
    other = Village(village.root, village.hands)
    draft, _ = village.engine.library.campaign_definition("hi")
    decide, slept = type(village.engine).decided, []

    def asleep(engine, *arguments):
        if not slept:
            slept.append(True)
            other.plan("hi", as_of=NOW)
        return decide(engine, *arguments)

    monkeypatch.setattr(type(village.engine), "decided", asleep)
    with pytest.raises(UserError) as raised:
        village.engine.plan(draft, NOW, lambda _: None)
    other.close()
    assert [problem.code for problem in raised.value.problems] == ["planned_elsewhere"]
    (run,) = all_runs(village)
    assert run.state == "planned"
    assert len(village.decisions(run)) == len(MEMBERS)
    village.balance(run)


@pytest.mark.parametrize(("owner", "step"), [(engine, "begin"), (QuerySession, "write")])
def test_who_plans_too_slowly_changes_no_file_of_the_plan_that_took_the_run_over(village, monkeypatch, owner, step):
    """Otherwise nobody could send that plan, or members would read what was frozen about others."""
    draft, _ = village.engine.library.campaign_definition(village.write("hi", DAILY).stem)
    other, really, read = Village(village.root, village.hands), getattr(owner, step), {}

    def slowly(*given):
        monkeypatch.setattr(owner, step, really)
        other.move("m01", email=None)  # the first: everybody else has another position
        other.plan("hi", as_of=NOW)
        return really(*given)

    def hear(message):
        read[message.claimed.member_id] = message.text
        return accept(message)

    monkeypatch.setattr(owner, step, slowly)
    with pytest.raises(UserError) as raised:
        village.engine.plan(draft, NOW, lambda _: None)
    other.close()
    assert [problem.code for problem in raised.value.problems] == ["planned_elsewhere"]
    wired(village, Wire(hear))
    (run,) = all_runs(village)
    village.engine.start(run)
    assert [path.name for path in village.engine.run_files(run).folder.glob("*.parquet")] == ["fields.parquet"]
    assert village.send(run).closed
    assert {member: re.search(r"(\d+)[.,]50", text)[1] for member, text in read.items()} == {
        member: str(number) for number, member in enumerate(MEMBERS, start=1) if member != "m01"
    }


def test_one_campaign_that_cannot_be_planned_holds_up_no_other(village, wire):
    publish(village, "a")
    publish(village, "b")
    (village.root / "config/campaigns/a.yaml").unlink()
    village.hands.at = DUE
    round_of(village)
    assert [(run.campaign, run.state) for run in sorted(all_runs(village), key=lambda run: run.campaign)] == [
        ("a", "missed"),
        ("b", "closed"),
    ]


def test_a_run_whose_frozen_fields_are_gone_is_said_so_and_holds_up_no_other(village, wire, caplog):
    gone = village.start("hi", DAILY)
    village.engine.run_files(gone).fields.unlink()
    village.hands.go(seconds=61)
    run = village.start("ho", DAILY)
    outgoing = Worker(village.engine)
    outgoing.send_all()
    outgoing.send_all()
    assert (village.state(gone), village.state(run)) == ("sending", "closed")
    assert village.balance(gone) == {"pending": len(MEMBERS)}
    assert [each.getMessage().partition(" [")[0] for each in caplog.records if each.levelname == "ERROR"] == [
        f"{gone.run_id}: what was frozen for it about its members is not here"
    ]


def test_settings_that_are_wrong_hold_up_nothing_and_are_said_once(village, wire, caplog):
    """Somebody is at them at the very moment at which a campaign is due."""
    publish(village)
    settings = village.root / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8") + "newsletters: {", "utf-8")
    village.hands.at = DUE
    round_of(village)
    assert told(village) == [(DUE, "closed", None)]
    assert [f"{settings}:" in each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == [True]


def test_what_is_due_while_settings_are_wrong_is_planned_when_they_are_right(village, wire):
    """Who plans apart reads them anew, as they are."""
    publish(village)
    village.hands.at = DUE
    settings, rounds = village.root / "config" / "settings.yaml", Scheduler(village.engine, plan=plan_in_child_process)
    right = settings.read_text("utf-8")
    settings.write_text(right + "newsletters: {", "utf-8")
    rounds.plan_due()
    assert told(village) == [(DUE, "planning", None)]
    settings.write_text(right, "utf-8")
    village.hands.go(minutes=10)
    rounds.plan_due()
    rounds.plan_due()
    rounds.send()
    assert told(village) == [(DUE, "closed", None)]
    assert sorted(wire.heard) == sorted(MEMBERS)


def test_a_plan_whose_process_was_killed_is_made_again(village, wire, tmp_path, monkeypatch, caplog):
    publish(village)
    village.hands.at = DUE
    killed = tmp_path / "killed"
    killed.write_text("#!/bin/sh\nkill -9 $$\n", "ascii")
    killed.chmod(0o700)
    rounds = Scheduler(village.engine, plan=plan_in_child_process)
    with monkeypatch.context() as broken:
        broken.setattr("sys.executable", str(killed))
        rounds.plan_due()
    assert [each.getMessage().partition("\n")[0] for each in caplog.records] == [
        f"hi: the planning process has ended: Command '('{killed}', '-m', 'campaigns.core.child_process')' died with "
        "<Signals.SIGKILL: 9>. [not_planned]"
    ]
    village.hands.go(minutes=10)  # nobody has held the plan for so long
    rounds.plan_due()
    rounds.plan_due()
    rounds.send()
    assert told(village) == [(DUE, "closed", None)]
    assert sorted(wire.heard) == sorted(MEMBERS)


def test_what_stands_in_the_way_of_a_run_is_said_once(village, wire, caplog):
    publish(village)
    village.hands.at = DUE
    rounds = Scheduler(village.engine)
    rounds.plan_due()
    rounds.plan_due()
    (run,) = all_runs(village)
    kept = village.engine.run_files(run).definition
    kept.rename(kept.with_name("away"))
    for _ in range(3):
        rounds.send()
    assert [each.getMessage().partition(":")[0] for each in caplog.records] == [run.run_id]
    kept.with_name("away").rename(kept)
    rounds.send()
    assert sorted(wire.heard) == sorted(MEMBERS)
