"""Scheduler: each occasion of a published campaign runs once at its hour or is recorded as missed."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from campaigns.core.model.schedule import Schedule
from campaigns.operations.scheduler import Scheduler, plan_in_child_process
from campaigns.store.people.people_tables import AUDIT
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.schedules import DAILY, DUE, HELSINKI, all_runs, at, publish, run_outcomes, run_scheduler
from tests.support.scripted_provider import ScriptedProvider, accept, with_scripted_provider


def test_occasion_runs_when_it_is_due_and_not_before(workspace, provider):
    assert publish(workspace) == DUE
    workspace.clock.time = DUE - timedelta(seconds=1)
    run_scheduler(workspace)
    assert run_outcomes(workspace) == []
    workspace.clock.time = DUE + timedelta(seconds=2)
    run_scheduler(workspace)
    assert run_outcomes(workspace) == [(DUE, "closed", None)]
    assert sorted(provider.received) == sorted(MEMBERS)
    (run,) = all_runs(workspace)
    assert run.scheduled
    assert run.send_by == DUE + timedelta(hours=24)


def test_as_of_is_the_due_time_of_a_late_run(workspace, provider):
    publish(workspace)
    workspace.clock.time = DUE + timedelta(minutes=59)
    run_scheduler(workspace)
    (run,) = all_runs(workspace)
    assert (run.due_at, run.state) == (DUE, "closed")


def test_a_draft_is_never_run(workspace, provider):
    workspace.write_campaign("hi", DAILY)
    workspace.clock.time = DUE
    run_scheduler(workspace)
    assert run_outcomes(workspace) == []


def test_op02_occasions_missed_while_down_are_recorded_and_not_sent(workspace, provider):
    publish(workspace)
    workspace.clock.time = DUE + timedelta(days=2, hours=1, seconds=1)
    for _ in range(4):
        run_scheduler(workspace)
    assert run_outcomes(workspace) == [(DUE + timedelta(days=day), "missed", "too_late") for day in range(3)]
    assert provider.received == []
    workspace.clock.time = DUE + timedelta(days=3)
    run_scheduler(workspace)
    assert run_outcomes(workspace)[-1] == (DUE + timedelta(days=3), "closed", None)


@pytest.mark.parametrize("change", ["a rule", "a template", "an unreadable file", "no file"])
def test_campaign_changed_since_its_publication_is_not_run(workspace, provider, change):
    publish(workspace)
    match change:
        case "a rule":
            workspace.write_campaign("hi", DAILY.replace("[owners, customers]", "owners"))
        case "a template":
            (workspace.root / "templates/email/hello/body.txt").write_text("Other words\n")
        case "an unreadable file":
            workspace.write_campaign("hi", "purpose: [\n")
        case "no file":
            (workspace.root / "config/campaigns/hi.yaml").unlink()
    workspace.clock.time = DUE
    run_scheduler(workspace)
    assert run_outcomes(workspace) == [(DUE, "missed", "not_as_published")]
    assert provider.received == []


def test_comment_added_to_the_file_changes_nothing(workspace, provider):
    publish(workspace)
    workspace.write_campaign("hi", DAILY + "# a remark\n")
    workspace.clock.time = DUE
    run_scheduler(workspace)
    assert run_outcomes(workspace) == [(DUE, "closed", None)]


def test_published_schedule_holds_after_the_file_changes(workspace, provider):
    publish(workspace)
    workspace.write_campaign("hi", DAILY.replace("30 10", "30 11"))
    workspace.clock.time = DUE + timedelta(days=1)
    for _ in range(2):
        run_scheduler(workspace)
    assert [due for due, *_ in run_outcomes(workspace)] == [DUE, DUE + timedelta(days=1)]


def test_second_publication_loses_no_due_occasion(workspace, provider):
    publish(workspace)
    workspace.clock.time = DUE + timedelta(seconds=1)
    assert publish(workspace) == DUE
    run_scheduler(workspace)
    assert run_outcomes(workspace) == [(DUE, "closed", None)]


def test_occasion_run_by_hand_is_not_run_again_and_holds_nothing_up(workspace, provider):
    publish(workspace)
    run, _ = workspace.plan("hi", as_of=DUE)
    workspace.engine.run_control.start(run)
    workspace.send(run)
    workspace.clock.time = DUE
    run_scheduler(workspace)
    assert run_outcomes(workspace) == [(DUE, "closed", None)]
    assert sorted(provider.received) == sorted(MEMBERS)
    workspace.clock.time = DUE + timedelta(days=1)
    run_scheduler(workspace)
    assert run_outcomes(workspace)[-1] == (DUE + timedelta(days=1), "closed", None)


@pytest.mark.long
def test_many_schedulers_run_each_occasion_once(workspace):
    names = [f"c{number}" for number in range(4)]
    for name in names:
        publish(workspace, name)
    workspace.clock.time = DUE
    processes = [SampleWorkspace(workspace.root, workspace.clock) for _ in range(3)]
    providers = [with_scripted_provider(process, ScriptedProvider()) for process in processes]
    together = Barrier(3)

    def run_rounds(process: SampleWorkspace) -> None:
        scheduler = Scheduler(process.engine)
        together.wait()
        for _ in range(3):
            scheduler.plan_due()
            scheduler.send()

    threads = [Thread(target=run_rounds, args=[process]) for process in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run_scheduler(workspace)
    for process in processes:
        process.close()
    assert sorted((run.campaign, run.due_at, run.state) for run in all_runs(workspace)) == [
        (name, DUE, "closed") for name in names
    ]
    received = sorted(member for provider in providers for member in provider.received)
    assert received == sorted(MEMBERS * len(names))
    with workspace.engine.context.ledger.read() as connection:
        planned = connection.execute(select(AUDIT.c.subject).where(AUDIT.c.action == "plan")).scalars().all()
    assert len(planned) == len(set(planned)) == len(names)


def test_changed_settings_replace_the_providers_with_nothing_due(workspace):
    scheduler = Scheduler(workspace.engine)
    scheduler.plan_due()
    before = workspace.engine.context.providers, workspace.engine.notice_sender
    settings = workspace.root / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8").replace("address: a@", "address: anew@"), "utf-8")
    scheduler.plan_due()
    assert workspace.engine.context.repository.settings.channels.email.address == "anew@kyla.example.org"
    assert workspace.engine.notice_sender.settings is workspace.engine.context.repository.settings
    assert workspace.engine.context.providers is not before[0]
    after = workspace.engine.context.providers, workspace.engine.notice_sender
    (workspace.root / "config" / "offers.yaml").write_text("[]\n", "utf-8")
    scheduler.plan_due()
    assert (workspace.engine.context.providers, workspace.engine.notice_sender) == after  # connections stay open


@pytest.mark.parametrize(
    ("cron", "since", "dues"),
    [
        # the skipped hour: 29 March 2026, 3 to 4 o'clock
        ("30 3 * * *", "2026-03-28T12:00", ["2026-03-29T04:00", "2026-03-30T03:30"]),
        ("0 9 * * *", "2026-03-28T12:00", ["2026-03-29T09:00", "2026-03-30T09:00"]),
        # the repeated hour: 25 October 2026, 3 to 4 o'clock
        ("30 3 * * *", "2026-10-24T12:00", ["2026-10-25T03:30", "2026-10-26T03:30"]),
        # Sunday is 0 and 7, Monday is 1
        ("0 9 * * 1", "2026-03-28T12:00", ["2026-03-30T09:00", "2026-04-06T09:00"]),
        ("0 9 * * mon", "2026-03-28T12:00", ["2026-03-30T09:00", "2026-04-06T09:00"]),
        ("0 9 * * 0", "2026-03-28T12:00", ["2026-03-29T09:00", "2026-04-05T09:00"]),
        ("0 9 * * 7", "2026-03-28T12:00", ["2026-03-29T09:00", "2026-04-05T09:00"]),
        ("0 12 11 * *", "2026-03-28T12:00", ["2026-04-11T12:00", "2026-05-11T12:00"]),
    ],
)
def test_cron_is_read_in_the_campaigns_time_zone(cron, since, dues):
    schedule, moment = Schedule(cron=cron), at(since)
    occasions = []
    for _ in dues:
        moment = schedule.next_after(moment)
        assert moment is not None
        occasions.append(moment.astimezone(HELSINKI).isoformat()[:16])
    assert occasions == dues


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_op02_daily_campaign_runs_once_when_the_clocks_change(workspace, provider, day):
    workspace.clock.time = at(f"{day}T00:00") - timedelta(hours=1)
    publish(workspace, text=DAILY.replace("30 10", "30 3"))
    for _ in range(20):
        workspace.clock.advance(minutes=30)
        run_scheduler(workspace)
    assert [state for _, state, _ in run_outcomes(workspace)] == ["closed"]
    assert sorted(provider.received) == sorted(MEMBERS)


def test_send_by_never_passes_the_next_occasion(workspace, provider):
    publish(workspace, text=DAILY.replace("30 10 * * *", "30 10,14 * * *"))
    workspace.clock.time = DUE
    run_scheduler(workspace)
    (run,) = all_runs(workspace)
    assert run.send_by == DUE + timedelta(hours=4)


def test_scheduled_run_shows_the_offers_of_its_day(workspace, provider):
    texts = []
    provider.answer = lambda message: texts.append(message.text) or accept(message)
    publish(workspace, text=DAILY.replace("{email: hello}", "{email: offers}") + "offers: {at_most: 12}\n")
    workspace.clock.time = DUE
    run_scheduler(workspace)
    assert "soap-a" in texts[-1]
    offers = workspace.root / "config/offers.yaml"
    offers.write_text(offers.read_text("utf-8").replace("soap-a", "soap-b"), encoding="utf-8")
    workspace.clock.time = DUE + timedelta(days=1)
    run_scheduler(workspace)
    assert "soap-b" in texts[-1]


@pytest.mark.long
def test_run_can_be_planned_in_a_child_process(workspace, provider):
    publish(workspace)
    workspace.clock.time = DUE
    scheduler = Scheduler(workspace.engine, plan=plan_in_child_process)
    scheduler.plan_due()
    (run,) = all_runs(workspace)
    assert (run.due_at, run.state, run.scheduled) == (DUE, "sending", True)
    scheduler.send()
    assert sorted(provider.received) == sorted(MEMBERS)
