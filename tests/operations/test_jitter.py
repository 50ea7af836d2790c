"""Scheduled runs do not all begin on the hour (DL-09)."""

from datetime import timedelta

from campaigns.operations.scheduler import Scheduler
from campaigns.runs.dispatch.lifecycle import start_time
from campaigns.store.runs.run_tables import Run
from tests.support.sample_workspace import NOW, SampleWorkspace

LETTER = """\
purpose: marketing
schedule: {at: "2018-01-01 12:00"}
audience: {register: owners}
content: {email: hello}
"""
FIVE = timedelta(minutes=5)


def scheduled(name: str, late_by: timedelta = timedelta(hours=1)) -> Run:
    return Run(
        run_id=name,
        campaign=name,
        purpose="marketing",
        due_at=NOW,
        start_by=NOW + late_by,
        scheduled=True,
        state="planned",
    )


def test_dl09_runs_of_one_hour_begin_at_moments_of_their_own() -> None:
    moments = [start_time(scheduled(f"run{number}"), FIVE) - NOW for number in range(200)]
    assert all(timedelta() <= each < FIVE for each in moments)
    assert len(set(moments)) == 200
    minutes = [each // timedelta(minutes=1) for each in moments]
    assert all(20 <= minutes.count(minute) <= 60 for minute in range(5))


def test_dl09_every_process_reckons_the_same_and_none_comes_too_late() -> None:
    assert start_time(scheduled("letter"), FIVE) == start_time(scheduled("letter"), FIVE)
    assert start_time(scheduled("letter"), timedelta()) == NOW
    hurried = [start_time(scheduled(f"run{number}", timedelta(minutes=2)), FIVE) for number in range(100)]
    assert max(hurried) < NOW + timedelta(minutes=1)


def test_dl09_a_run_is_planned_when_due_and_let_go_at_its_moment(workspace: SampleWorkspace) -> None:
    settings = workspace.root / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8").replace("lease: 5}", "lease: 5, jitter: 5 minutes}"), "utf-8")
    workspace.write_campaign("letter", LETTER)
    draft, _ = workspace.engine.context.repository.campaign_definition("letter")
    workspace.engine.publisher.publish(draft)
    workspace.clock.advance(hours=2)
    rounds = Scheduler(workspace.engine)
    rounds.plan_due()
    rounds.plan_due()
    [run] = workspace.engine.queries.recent_runs()
    assert run.state == "planned"
    workspace.clock.time = start_time(run, FIVE)
    rounds.plan_due()
    assert workspace.state(run) == "sending"
