"""Processes are killed in the middle of a run: at most one message a person, nobody lost, and doubt is counted.

`VIESTI_CRASHES=200 pytest tests/dispatch/test_crash.py` tries more schedules than the few of every day.
"""

import json
import multiprocessing
import os
import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import sleep
from typing import Final

import pytest

from campaigns.clock import Clock
from campaigns.store.tables import Run
from tests.dispatch import sender
from tests.dispatch.far_end import FarEnd
from tests.village import Village, found

SCHEDULES: Final = int(os.environ.get("VIESTI_CRASHES", "12"))
IN_FLIGHT: Final = 8
LEASE: Final = 5
PEOPLE: Final = 72
CAMPAIGN: Final = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [sms, email]
content: {email: hello, sms: hello}
"""
PROCESSES: Final = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.dispatch.sender", "campaigns.rendering.mjml"])


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    """A village with more people, a planned run that was started, on the real clock."""
    root = found(tmp_path_factory.mktemp("town"))
    village = Village(root)
    vars(village.engine)["clock"] = Clock()
    newcomers = [f"n{number:02}" for number in range(PEOPLE)]
    village.bring(
        "members",
        [
            {"member_id": member, "register": "customers", "first_name": "Uusi", "email": f"{member}@example.org",
             "phone": f"+35840777{number:04}", "bonus_last_month": 1}
            for number, member in enumerate(newcomers)
        ],
    )  # fmt: skip
    village.hands.at = datetime(2018, 1, 1, tzinfo=UTC)
    for number, member in enumerate(newcomers):
        village.say(member, "sms_own" if number % 4 == 0 else "email_own")
    run = village.start("hi", CAMPAIGN)
    village.close()
    return root, run


@dataclass
class Schedule:
    """One run in one copy of the town, with the processes that send it one after the other."""

    village: Village
    run: Run
    far_end: FarEnd
    starts: int = 0

    def begin(self) -> "multiprocessing.process.BaseProcess":
        """Start another process, on a clock on which every lease of the one before is over."""
        ahead = self.starts * (LEASE + 1)
        self.starts += 1
        arguments = (str(self.village.root), self.run.run_id, self.far_end.port, ahead)
        process = PROCESSES.Process(target=sender.send, args=arguments)
        process.start()
        return process

    def kill(self, after: float) -> int:
        """Start a process, kill it `after` seconds from its first message on; how many rows it left `sending`."""
        self.far_end.something_came.clear()
        process = self.begin()
        while process.is_alive() and not self.far_end.something_came.wait(0.01):
            pass
        sleep(after)
        process.kill()
        process.join()
        process.close()
        return self.village.balance(self.run).get("sending", 0)

    def finish(self) -> None:
        process = self.begin()
        process.join()
        assert process.exitcode == 0
        process.close()

    def received(self) -> Counter[str]:
        """How many messages each address got, whichever way."""
        heard = Counter(self.far_end.received)
        for path in self.village.root.glob("outbox/*/sms.jsonl"):
            for line in path.read_text("utf-8").splitlines():
                heard[json.loads(line)["to"]] += 1
        return heard


def _addresses(village: Village, run: Run) -> dict[str, str]:
    by = {"email": "email", "sms": "phone"}
    return {member: village.contact(member)[by[channel]] for member, channel in village.channels(run).items()}


def test_whoever_is_killed_when_nobody_hears_it_twice_and_nobody_is_lost(town, tmp_path, capsys):
    chance = Random(20180101)  # noqa: S311 - no secret
    root, run = town
    kills = hits = 0
    for number in range(SCHEDULES):
        copy = tmp_path / str(number)
        shutil.copytree(root, copy)
        village = Village(copy)
        with FarEnd(number) as far_end:
            schedule = Schedule(village, run, far_end)
            left = [schedule.kill(chance.uniform(0, 0.12)) for _ in range(1 + number % 2)]
            schedule.finish()
            _check(schedule, left)
        village.close()
        kills += len(left)
        hits += sum(count > 0 for count in left)
    with capsys.disabled():
        print(f" {hits} of {kills} kills hit deliveries under way ", end="")  # noqa: T201 - told to who runs it
    assert hits >= kills / 3


def _check(schedule: Schedule, left: list[int]) -> None:
    village, run = schedule.village, schedule.run
    counted = village.balance(run)
    assert all(count <= IN_FLIGHT for count in left)
    assert counted.get("uncertain", 0) == sum(left)
    assert set(counted) <= {"accepted", "uncertain"}
    assert village.state(run) == "closed"
    received = schedule.received()
    assert max(received.values()) == 1
    states = village.ends(run)
    for member, address in _addresses(village, run).items():
        if states[member][0] == "accepted":
            assert received[address] == 1
    assert sum(received.values()) >= counted["accepted"]


def test_two_processes_that_send_the_same_run_write_to_nobody_twice(town, tmp_path):
    root, run = town
    shutil.copytree(root, tmp_path / "two")
    village = Village(tmp_path / "two")
    with FarEnd(0) as far_end:
        schedule = Schedule(village, run, far_end)
        processes = [schedule.begin() for _ in range(2)]
        for process in processes:
            process.join()
            assert process.exitcode == 0
            process.close()
        received = schedule.received()
    assert set(received.values()) == {1}
    assert len(received) == len(village.deliveries(run))
    assert village.balance(run) == {"accepted": len(received)}
    village.close()
