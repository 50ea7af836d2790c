"""The nightly work: once a night, by one process, at a quiet hour, and no plan fails by it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep

import pytest

from campaigns.operations.nightly import NightlyJobs
from campaigns.people.privacy.erasure import apply_retention
from campaigns.store.runs.run_tables import AUDIT, DECISION, JOB_LOCK
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


def nights(workspace: SampleWorkspace) -> list[datetime]:
    """When retention was enforced."""
    with workspace.engine.context.ledger.read() as connection:
        rows = connection.execute(AUDIT.select().where(AUDIT.c.action == "retention").order_by(AUDIT.c.seq))
        return [row.at for row in rows]


def looks(workspace: SampleWorkspace, *moments: datetime) -> list[datetime]:
    for moment in moments:
        workspace.clock.time = moment
        NightlyJobs(workspace.engine.context).run_if_due()
    return nights(workspace)


def test_op_it_is_done_once_a_night_and_not_by_day(workspace: SampleWorkspace) -> None:
    hour = timedelta(hours=1)
    moments = [EVENING, NIGHT, NIGHT + hour, NIGHT + 8 * hour, NIGHT + 24 * hour, NIGHT + 25 * hour]
    assert looks(workspace, *moments) == [NIGHT, NIGHT + 24 * hour]


def test_a_machine_that_sleeps_at_night_does_it_by_day_after_two(workspace: SampleWorkspace) -> None:
    days = [EVENING + timedelta(days=days) for days in range(5)]
    assert looks(workspace, *days) == [days[2], days[4]]


def test_of_several_processes_one_does_it(workspace: SampleWorkspace) -> None:
    workspace.clock.time = EVENING
    NightlyJobs(workspace.engine.context).run_if_due()
    second = SampleWorkspace(workspace.root, workspace.clock)
    workspace.clock.time = NIGHT
    threads = [
        Thread(target=NightlyJobs(each.engine.context).run_if_due) for each in (workspace, second, workspace, second)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    second.close()
    assert nights(workspace) == [NIGHT]


def test_one_that_was_killed_leaves_it_to_the_others_for_a_while(workspace: SampleWorkspace) -> None:
    looks(workspace, EVENING, NIGHT)
    with workspace.engine.context.ledger.write() as connection:  # as if the process had died in the middle
        connection.execute(JOB_LOCK.update().values(done_at=None))
    assert looks(workspace, NIGHT + timedelta(minutes=20)) == [NIGHT]
    workspace.clock.time = NIGHT + timedelta(days=1)
    NightlyJobs(workspace.engine.context).run_if_due()
    assert nights(workspace) == [NIGHT, NIGHT + timedelta(days=1)]


def test_while_an_import_writes_it_is_put_off(workspace: SampleWorkspace, caplog: pytest.LogCaptureFixture) -> None:
    looks(workspace, EVENING)
    with workspace.engine.context.repository.warehouse.write_lock():
        assert looks(workspace, NIGHT) == []
    assert "put off" in caplog.text
    again = NIGHT + timedelta(minutes=11)
    assert looks(workspace, NIGHT + timedelta(minutes=5), again) == [again]


def test_gd03_skips_older_than_90_days_become_counts(workspace: SampleWorkspace) -> None:
    run = workspace.start("letter", LETTER)
    workspace.send(run)
    skipped = dict(workspace.skips(run))
    looks(workspace, EVENING + timedelta(days=100), NIGHT + timedelta(days=100))
    assert workspace.skips(run) == {}
    kept = workspace.engine.queries.run(run.run_id).counts["skips"]
    assert sum(kept.values()) == len(skipped) > 0
    assert len(workspace.decisions(run)) == 24 - len(skipped)  # sends stay, with their evidence


def test_a_plan_that_is_being_made_keeps_its_files(workspace: SampleWorkspace) -> None:
    """The plan is held in its middle; meanwhile a member is erased and the night comes in another process."""
    from campaigns.people.privacy.erasure import erase

    other = SampleWorkspace(workspace.root, workspace.clock)
    erase(other.engine.context, "m20")
    night = Thread(target=apply_retention, args=(other.engine,))
    before = set(workspace.engine.context.workspace.warehouse.glob("*.parquet"))
    seen: list[set[Path]] = []

    def told(_stored: int) -> None:
        if not seen:
            version = workspace.engine.context.repository.warehouse.manifest().version
            night.start()
            until(lambda: workspace.engine.context.repository.warehouse.manifest().version > version)
            sleep(0.2)
            seen.append(before - set(workspace.engine.context.workspace.warehouse.glob("*.parquet")))

    workspace.write_campaign("letter", LETTER)
    draft, _ = workspace.engine.context.repository.campaign_definition("letter")
    run, _ = workspace.engine.planner.plan(draft, workspace.clock.time, told)
    night.join()
    other.close()
    assert (run.state, seen) == ("planned", [set()])
    assert before - set(workspace.engine.context.workspace.warehouse.glob("*.parquet"))  # and then they go


def test_who_is_told_to_stop_does_not_wait_for_a_plan(workspace: SampleWorkspace) -> None:
    workspace.write_campaign("letter", LETTER)
    draft, _ = workspace.engine.context.repository.campaign_definition("letter")
    from campaigns.people.privacy.erasure import erase

    erase(workspace.engine.context, "m20")
    stopping = Event()
    stopping.set()
    before: list[Sequence[object]] = []

    def told(_stored: int) -> None:
        if not before:
            before.append(sorted(workspace.engine.context.workspace.warehouse.glob("*.parquet")))
            apply_retention(workspace.engine.context, stopping)
            assert set(before[0]) <= set(workspace.engine.context.workspace.warehouse.glob("*.parquet"))

    workspace.engine.planner.plan(draft, workspace.clock.time, told)
    assert before


def test_evidence_of_sends_outlives_that_of_skips(workspace: SampleWorkspace) -> None:
    run = workspace.start("letter", LETTER)
    workspace.send(run)
    looks(workspace, EVENING + timedelta(days=300), NIGHT + timedelta(days=300))
    with workspace.engine.context.ledger.read() as connection:
        kinds = {row.kind for row in connection.execute(DECISION.select())}
    assert kinds == {"send"}
    assert workspace.engine.queries.run(run.run_id).evidence


def until(happened: Callable[[], bool]) -> None:
    end = monotonic() + 30
    while not happened():
        assert monotonic() < end
        sleep(0.02)
