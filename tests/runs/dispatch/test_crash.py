"""Processes killed at random moments: at most one message a member, none lost, uncertain ones counted (DL, OP).

Three of four schedules kill a sending process, a third of these over PostgreSQL; the others kill a serving process,
which plans, starts and sends. `make crash` runs 200 schedules.
"""

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from threading import Lock
from time import sleep
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import URL

from campaigns.core.clock import Clock
from campaigns.store.admin import schema
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs.run_tables import Run
from tests.support import sending_process
from tests.support.killed_processes import IN_FLIGHT, LEASE, PROCESSES
from tests.support.ledgers import copy_workspace
from tests.support.postgresql_server import database
from tests.support.provider_server import CountingServer
from tests.support.sample_workspace import SampleWorkspace, build_base_workspace

pytestmark = pytest.mark.server_process
SCHEDULES: Final = range(int(os.environ.get("VIESTI_CRASHES", "50")))
DOZEN: Final = 12
"""Schedules that `make test` runs, too."""
NEWCOMERS: Final = 72
CLOCK_OFFSETS: Final = {"sending_process": LEASE + 1, "with_full_disk": LEASE + 1, "serving_process": 601}
"""Seconds that each process's clock is ahead of the one before, so that the earlier leases have ended."""

CAMPAIGN: Final = """\
purpose: marketing
schedule: {at: "%s", late_by: 6 hours}
audience: {register: [owners, customers]}
channels: [sms, email]
content: {email: hello, sms: hello}
"""
PROCESS_LOCK: Final = Lock()
"""Starting a process polls all others, and an exit code can be read only once."""


@pytest.fixture(scope="module")
def large_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sample workspace with more members."""
    root = build_base_workspace(tmp_path_factory.mktemp("large"))
    newcomers = [f"n{number:02}" for number in range(NEWCOMERS)]
    with closing(SampleWorkspace(root)) as workspace:
        workspace.import_rows(
            "members",
            [
                {"member_id": member, "register": "customers", "first_name": "Uusi", "email": f"{member}@example.org",
                 "phone": f"+35840777{number:04}", "bonus_last_month": 1}
                for number, member in enumerate(newcomers)
            ],
        )  # fmt: skip
        workspace.clock.time = datetime(2018, 1, 1, tzinfo=UTC)
        for number, member in enumerate(newcomers):
            workspace.record_choices(member, "sms_own" if number % 4 == 0 else "email_own")
    return root


@pytest.fixture(scope="module")
def started_workspace(large_workspace: Path) -> tuple[Path, Run]:
    """The large workspace with a started run, on the real clock."""
    root = large_workspace.with_name("started")
    shutil.copytree(large_workspace, root)
    with closing(SampleWorkspace(root)) as workspace:
        workspace.use(clock=Clock())
        return root, workspace.start("hi", CAMPAIGN % "2018-01-05 10:30")


@pytest.fixture(scope="module")
def postgresql_workspace(large_workspace: Path, postgresql_server: URL) -> Iterator[tuple[Path, URL]]:
    """The started workspace on PostgreSQL; every schedule works in a copy of its database."""
    root = large_workspace.with_name("shared")
    with database(postgresql_server) as address:
        with closing(Ledger(address.render_as_string(hide_password=False))) as ledger:
            schema.prepare(ledger)
            copy_workspace(large_workspace, root, ledger).close()
        with closing(with_ledger_at(root, address)) as workspace:
            workspace.use(clock=Clock())
            workspace.start("hi", CAMPAIGN % "2018-01-05 10:30")
        yield root, address


def with_ledger_at(root: Path, address: URL) -> SampleWorkspace:
    """Return the workspace at `root` with its ledger at another address."""
    settings = root / "config" / "settings.yaml"
    lines = [line for line in settings.read_text("utf-8").splitlines() if not line.startswith("database_url")]
    lines.append(f"database_url: '{address.render_as_string(hide_password=False)}'")
    settings.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return SampleWorkspace(root)


@pytest.fixture(scope="module")
def due_workspace(large_workspace: Path) -> Path:
    """The large workspace with a campaign that has been due for some minutes."""
    root = large_workspace.with_name("due")
    shutil.copytree(large_workspace, root)
    with closing(SampleWorkspace(root)) as workspace:
        publish(workspace)
    return root


def publish(workspace: SampleWorkspace) -> None:
    """Publish a campaign that has been due for some minutes."""
    due = Clock().now() - timedelta(minutes=5)
    workspace.clock.time = due - timedelta(hours=1)
    workspace.write_campaign("hi", CAMPAIGN % due.astimezone(ZoneInfo("Europe/Helsinki")).strftime("%Y-%m-%d %H:%M"))
    workspace.engine.publisher.publish(workspace.engine.context.repository.campaign_definition("hi")[0])


def is_alive(process: BaseProcess) -> bool:
    with PROCESS_LOCK:
        return process.is_alive()


def wait_for_exit(process: BaseProcess) -> int | None:
    """Wait for the end of a process; return its exit code."""
    wait([process.sentinel])
    with PROCESS_LOCK:
        process.join()
        code = process.exitcode
        process.close()
    return code


@dataclass
class Schedule:
    """One copy of a workspace, and the processes of one kind that work on it one after the other."""

    workspace: SampleWorkspace
    counting_server: CountingServer
    kind: str = "sending_process"
    starts: int = 0

    def begin(self) -> BaseProcess:
        """Start another process, on a clock by which every lease of the one before has ended."""
        ahead = self.starts * CLOCK_OFFSETS[self.kind]
        self.starts += 1
        arguments = (str(self.workspace.root), self.counting_server.port, ahead)
        process = PROCESSES.Process(target=getattr(sending_process, self.kind), args=arguments)
        with PROCESS_LOCK:
            process.start()
        return process

    def kill(self, after: float, *, from_the_start: bool) -> int:
        """Start a process, kill it `after` seconds from there or its first message; return the rows left `sending`."""
        self.counting_server.message_received.clear()
        process = self.begin()
        while not from_the_start and is_alive(process) and not self.counting_server.message_received.wait(0.01):
            pass
        sleep(after)
        process.kill()
        wait_for_exit(process)
        with self.workspace.engine.context.ledger.write():
            pass  # a database server finishes the last commit before it notices that the client is gone
        return sum(self.workspace.balance(run).get("sending", 0) for run in self.runs())

    def finish(self) -> Run:
        """Let a process run to the end; return the only run."""
        assert wait_for_exit(self.begin()) == 0
        (run,) = self.runs()
        return run

    def runs(self) -> list[Run]:
        return [run for run in self.workspace.engine.queries.recent_runs() if run.planned_at is not None]

    def received(self) -> Counter[str]:
        """Count the messages that each address got, over any channel."""
        messages = Counter(self.counting_server.received)
        for path in self.workspace.root.glob("outbox/*/sms.jsonl"):
            for line in path.read_text("utf-8").splitlines():
                messages[json.loads(line)["to"]] += 1
        return messages


def _addresses(workspace: SampleWorkspace, run: Run) -> dict[str, str]:
    columns = {"email": "email", "sms": "phone"}
    return {member: workspace.contact(member)[columns[channel]] for member, channel in workspace.channels(run).items()}


def _run_schedule(number: int, kind: str, workspace: SampleWorkspace) -> list[int]:
    """Run one schedule; return how many rows each kill left under way."""
    random = Random(20180101 + number)  # noqa: S311 - no secret
    with closing(workspace), CountingServer(number) as counting_server:
        schedule = Schedule(workspace, counting_server, kind)
        from_the_start = kind == "serving_process" and number % 8 == 3
        left_sending = [
            schedule.kill(random.uniform(0, 0.5 if from_the_start else 0.12), from_the_start=from_the_start)
            for _ in range(1 + (number % 4 == 0))
        ]
        _check(schedule, schedule.finish(), left_sending)
    shutil.rmtree(workspace.root)
    return left_sending


@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param(numbers, id=name)
        for name, numbers in (("first dozen", SCHEDULES[:DOZEN]), ("all others", SCHEDULES[DOZEN:]))
        if numbers
    ],
)
def test_op01_killed_processes_neither_duplicate_nor_lose_messages(
    numbers, started_workspace, due_workspace, postgresql_workspace, postgresql_server, tmp_path, capsys
):
    def run_numbered(number: int) -> list[int]:
        root = tmp_path / str(number)
        match number % 4:
            case 3:
                return _run_schedule(number, "serving_process", SampleWorkspace(shutil.copytree(due_workspace, root)))
            case 1:
                shutil.copytree(postgresql_workspace[0], root)
                with database(postgresql_server, postgresql_workspace[1]) as address:
                    return _run_schedule(number, "sending_process", with_ledger_at(root, address))
            case _:
                return _run_schedule(
                    number, "sending_process", SampleWorkspace(shutil.copytree(started_workspace[0], root))
                )

    with ThreadPoolExecutor(2) as pool:
        in_flight_counts = list(pool.map(run_numbered, numbers))
    hits = sum(any(counts) for counts in in_flight_counts)
    with capsys.disabled():
        print(f" {hits} of {len(in_flight_counts)} schedules hit deliveries under way ", end="")  # noqa: T201 - result of a long test
    assert hits >= len(in_flight_counts) / 3


def _check(schedule: Schedule, run: Run, left_sending: list[int]) -> None:
    workspace = schedule.workspace
    balance = workspace.balance(run)
    assert all(count <= IN_FLIGHT for count in left_sending)
    assert balance.get("uncertain", 0) == sum(left_sending)
    assert set(balance) <= {"accepted", "uncertain"}
    assert workspace.state(run) == "closed"
    received = schedule.received()
    assert max(received.values()) == 1
    states = workspace.end_states(run)
    for member, address in _addresses(workspace, run).items():
        if states[member][0] == "accepted":
            assert received[address] == 1
    assert sum(received.values()) >= balance["accepted"]


@pytest.fixture(params=["sqlite", "postgresql"])
def raced_workspace(request: pytest.FixtureRequest, large_workspace: Path, tmp_path: Path) -> Iterator[SampleWorkspace]:
    """The large workspace with a due campaign, over its own ledger of either kind."""
    root = tmp_path / "race"
    if request.param == "sqlite":
        shutil.copytree(large_workspace, root)
        with closing(SampleWorkspace(root)) as workspace:
            publish(workspace)
            yield workspace
        return
    with database(request.getfixturevalue("postgresql_server")) as address:
        with closing(Ledger(address.render_as_string(hide_password=False))) as ledger:
            schema.prepare(ledger)
            copy_workspace(large_workspace, root, ledger).close()
        with closing(with_ledger_at(root, address)) as workspace:
            assert workspace.engine.context.has_workers
            publish(workspace)
            yield workspace


def test_two_servers_and_two_workers_send_a_due_campaign_once(raced_workspace):
    workspace = raced_workspace
    with CountingServer(0) as counting_server:
        servers = Schedule(workspace, counting_server, "serving_process")
        kinds = ("serving_process", "sending_process", "serving_process", "sending_process")
        processes = [Schedule(workspace, counting_server, kind).begin() for kind in kinds]
        assert [wait_for_exit(process) for process in processes] == [0] * len(kinds)
        (run,) = servers.runs()
        received = servers.received()
        assert set(received.values()) == {1}
        assert workspace.balance(run) == {"accepted": len(received)}


def test_full_disk_stops_claims_and_loses_no_answer(started_workspace, tmp_path):
    shutil.copytree(started_workspace[0], tmp_path / "full")
    with closing(SampleWorkspace(tmp_path / "full")) as workspace, CountingServer(0) as counting_server:
        schedule = Schedule(workspace, counting_server, "with_full_disk")
        run = schedule.finish()
        balance = workspace.balance(run)
        assert set(balance) <= {"accepted", "uncertain"}
        assert balance.get("uncertain", 0) <= IN_FLIGHT
        assert max(schedule.received().values()) == 1
