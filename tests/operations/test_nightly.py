"""Nightly jobs: run once a night, by one process, at a quiet hour, and no plan fails because of them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep

import pytest

from campaigns.operations.nightly import NightlyJobs
from campaigns.people.privacy.erasure import apply_retention
from campaigns.store.people.people_tables import AUDIT
from campaigns.store.runs.run_tables import DECISION, JOB_LOCK
from tests.support.sample_workspace import SampleWorkspace

LETTER = """\
purpose: marketing
schedule: {at: "2018-01-01 10:00"}
audience: {any: [{register: owners}, {register: customers}]}
content: {email: hello}
holdout: 50 percent
"""
EVENING = datetime(2018, 1, 8, 18, 0, tzinfo=UTC)
NIGHT = datetime(2018, 1, 9, 1, 30, tzinfo=UTC)  # half past three in Helsinki


def retention_times(workspace: SampleWorkspace) -> list[datetime]:
    """Return when retention was applied."""
    with workspace.engine.context.ledger.read() as connection:
        rows = connection.execute(AUDIT.select().where(AUDIT.c.action == "retention").order_by(AUDIT.c.seq))
        return [row.at for row in rows]


def run_nightly_jobs_at(workspace: SampleWorkspace, *moments: datetime) -> list[datetime]:
    for moment in moments:
        workspace.clock.time = moment
        NightlyJobs(workspace.engine.context).run_if_due()
    return retention_times(workspace)


def test_op_nightly_jobs_run_once_a_night_and_not_by_day(workspace: SampleWorkspace) -> None:
    hour = timedelta(hours=1)
    moments = [EVENING, NIGHT, NIGHT + hour, NIGHT + 8 * hour, NIGHT + 24 * hour, NIGHT + 25 * hour]
    assert run_nightly_jobs_at(workspace, *moments) == [NIGHT, NIGHT + 24 * hour]


def test_machine_off_at_night_runs_the_jobs_by_day_after_two_days(workspace: SampleWorkspace) -> None:
    days = [EVENING + timedelta(days=days) for days in range(5)]
    assert run_nightly_jobs_at(workspace, *days) == [days[2], days[4]]


def test_one_of_several_processes_runs_the_jobs(workspace: SampleWorkspace) -> None:
    workspace.clock.time = EVENING
    NightlyJobs(workspace.engine.context).run_if_due()
    second = SampleWorkspace(workspace.root, workspace.clock)
    workspace.clock.time = NIGHT
    threads = [
        Thread(target=NightlyJobs(process.engine.context).run_if_due)
        for process in (workspace, second, workspace, second)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    second.close()
    assert retention_times(workspace) == [NIGHT]


def test_killed_jobs_are_not_run_again_before_the_next_night(workspace: SampleWorkspace) -> None:
    run_nightly_jobs_at(workspace, EVENING, NIGHT)
    with workspace.engine.context.ledger.write() as connection:  # as if the process had died in the middle
        connection.execute(JOB_LOCK.update().values(done_at=None))
    assert run_nightly_jobs_at(workspace, NIGHT + timedelta(minutes=20)) == [NIGHT]
    workspace.clock.time = NIGHT + timedelta(days=1)
    NightlyJobs(workspace.engine.context).run_if_due()
    assert retention_times(workspace) == [NIGHT, NIGHT + timedelta(days=1)]


def test_nightly_jobs_are_postponed_during_an_import(
    workspace: SampleWorkspace, caplog: pytest.LogCaptureFixture
) -> None:
    run_nightly_jobs_at(workspace, EVENING)
    with workspace.engine.context.repository.warehouse.write_lock():
        assert run_nightly_jobs_at(workspace, NIGHT) == []
    assert "postponed" in caplog.text
    next_attempt = NIGHT + timedelta(minutes=11)
    assert run_nightly_jobs_at(workspace, NIGHT + timedelta(minutes=5), next_attempt) == [next_attempt]


def test_gd03_skips_older_than_90_days_become_counts(workspace: SampleWorkspace) -> None:
    run = workspace.start("letter", LETTER)
    workspace.send(run)
    skipped = dict(workspace.skips(run))
    run_nightly_jobs_at(workspace, EVENING + timedelta(days=100), NIGHT + timedelta(days=100))
    assert workspace.skips(run) == {}
    skip_counts = workspace.engine.queries.run(run.run_id).counts["skips"]
    assert sum(skip_counts.values()) == len(skipped) > 0
    assert len(workspace.decisions(run)) == 24 - len(skipped)  # sends stay, with their evidence


def test_plan_in_progress_keeps_its_files(workspace: SampleWorkspace) -> None:
    """While a plan is half done, a member is erased and the nightly jobs run in another process."""
    from campaigns.people.privacy.erasure import erase

    other = SampleWorkspace(workspace.root, workspace.clock)
    erase(other.engine.context, "m20")
    night = Thread(target=apply_retention, args=(other.engine.context,))
    before = set(workspace.engine.context.workspace.warehouse.glob("*.parquet"))
    deleted_files: list[set[Path]] = []

    def on_progress(_stored: int) -> None:
        if not deleted_files:
            version = workspace.engine.context.repository.warehouse.manifest().version
            night.start()
            wait_until(lambda: workspace.engine.context.repository.warehouse.manifest().version > version)
            sleep(0.2)
            deleted_files.append(before - set(workspace.engine.context.workspace.warehouse.glob("*.parquet")))

    workspace.write_campaign("letter", LETTER)
    draft, _ = workspace.engine.context.repository.campaign_definition("letter")
    run, _ = workspace.engine.planner.plan(draft, workspace.clock.time, on_progress)
    night.join()
    other.close()
    assert (run.state, deleted_files) == ("planned", [set()])
    assert before - set(workspace.engine.context.workspace.warehouse.glob("*.parquet"))  # deleted afterwards


def test_stopping_process_does_not_wait_for_a_plan(workspace: SampleWorkspace) -> None:
    workspace.write_campaign("letter", LETTER)
    draft, _ = workspace.engine.context.repository.campaign_definition("letter")
    from campaigns.people.privacy.erasure import erase

    erase(workspace.engine.context, "m20")
    stopping = Event()
    stopping.set()
    before: list[Sequence[object]] = []

    def on_progress(_stored: int) -> None:
        if not before:
            before.append(sorted(workspace.engine.context.workspace.warehouse.glob("*.parquet")))
            apply_retention(workspace.engine.context, stopping)
            assert set(before[0]) <= set(workspace.engine.context.workspace.warehouse.glob("*.parquet"))

    workspace.engine.planner.plan(draft, workspace.clock.time, on_progress)
    assert before


def test_evidence_of_sends_outlives_that_of_skips(workspace: SampleWorkspace) -> None:
    run = workspace.start("letter", LETTER)
    workspace.send(run)
    run_nightly_jobs_at(workspace, EVENING + timedelta(days=300), NIGHT + timedelta(days=300))
    with workspace.engine.context.ledger.read() as connection:
        kinds = {row.kind for row in connection.execute(DECISION.select())}
    assert kinds == {"send"}
    assert workspace.engine.queries.run(run.run_id).evidence


def wait_until(condition: Callable[[], bool]) -> None:
    end = monotonic() + 120
    while not condition():
        assert monotonic() < end
        sleep(0.02)
