"""Jitter: scheduled runs do not all start on the hour (DL-09)."""

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
FIVE_MINUTES = timedelta(minutes=5)


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


def test_dl09_runs_due_at_the_same_time_start_at_different_times() -> None:
    delays = [start_time(scheduled(f"run{number}"), FIVE_MINUTES) - NOW for number in range(200)]
    assert all(timedelta() <= delay < FIVE_MINUTES for delay in delays)
    assert len(set(delays)) == 200
    minutes = [delay // timedelta(minutes=1) for delay in delays]
    assert all(20 <= minutes.count(minute) <= 60 for minute in range(5))


def test_dl09_start_time_is_the_same_in_every_process_and_never_too_late() -> None:
    assert start_time(scheduled("letter"), FIVE_MINUTES) == start_time(scheduled("letter"), FIVE_MINUTES)
    assert start_time(scheduled("letter"), timedelta()) == NOW
    starts = [start_time(scheduled(f"run{number}", timedelta(minutes=2)), FIVE_MINUTES) for number in range(100)]
    assert max(starts) < NOW + timedelta(minutes=1)


def test_dl09_run_is_planned_when_due_and_started_after_its_jitter(workspace: SampleWorkspace) -> None:
    settings = workspace.root / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8").replace("lease: 5}", "lease: 5, jitter: 5 minutes}"), "utf-8")
    workspace.write_campaign("letter", LETTER)
    draft, _ = workspace.engine.context.repository.campaign_definition("letter")
    workspace.engine.publisher.publish(draft)
    workspace.clock.advance(hours=2)
    scheduler = Scheduler(workspace.engine)
    scheduler.plan_due()
    scheduler.plan_due()
    [run] = workspace.engine.queries.recent_runs()
    assert run.state == "planned"
    workspace.clock.time = start_time(run, FIVE_MINUTES)
    scheduler.plan_due()
    assert workspace.state(run) == "sending"
