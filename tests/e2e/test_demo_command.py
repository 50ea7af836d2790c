"""`viesti demo` as somebody runs it: in an empty directory, and again; and its sending, killed in the middle."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep
from typing import Final

import pytest

from campaigns.runs.engine import Engine
from campaigns.workspace.paths import Workspace
from tests.support.outbox_reader import fingerprints, messages_by_member
from tests.support.viesti_process import VIESTI

pytestmark = pytest.mark.server_process
CAMPAIGNS = ("beauty_newsletter", "weekend_offer", "owner_post")
PATIENCE = 600  # seconds, on a machine that has other things to do
ONE_STOP: Final = """
from pathlib import Path
from campaigns.demo.run_demo import visit
from campaigns.runs.engine import Engine
from campaigns.workspace.paths import Workspace
visit(Engine.open(Workspace(Path()), "tester"), "beauty_newsletter", lambda _: None)
"""


def demo(where: Path) -> str:
    """Run the demonstration to its end; what it printed."""
    done = subprocess.run([VIESTI, "demo"], cwd=where, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def check_the_way(root: Path, campaigns: tuple[str, ...] = CAMPAIGNS, killed: bool = False) -> None:
    """Everybody who was planned has heard once, or it is not known after a kill; nobody has heard twice."""
    engine = Engine.open(Workspace(root), "tester")
    runs = engine.queries.recent_runs()
    assert sorted(run.campaign for run in runs) == sorted(campaigns)
    for run in runs:
        states = engine.queries.outcomes(run).by_state
        counted = messages_by_member(root / "outbox" / run.run_id)
        assert run.state == "closed"
        assert sum(run.counts["sends"].values()) == sum(states.values()) > 0
        assert [address for address, times in counted.items() if times > 1] == []
        unsure = states["uncertain"] if killed else 0
        assert states["accepted"] <= counted.total() <= states["accepted"] + unsure
        assert states["accepted"] + unsure == sum(states.values())
    engine.close()


def test_in_an_empty_directory_it_delivers_and_a_second_time_touches_nothing(tmp_path: Path) -> None:
    printed = demo(tmp_path)
    check_the_way(tmp_path)
    to_open = re.findall(r"^  (outbox/.*)$", printed, re.MULTILINE)
    assert [Path(path).suffix for path in to_open] == [".eml", ".jsonl", ".pdf"]
    assert all((tmp_path / path).is_file() for path in to_open)
    for word in ("matched", "variant", "skipped because of", "no_consent"):
        assert word in printed
    assert [line for line in printed.splitlines() if line != line.rstrip()] == []

    delivered = fingerprints(tmp_path / "outbox")
    again = demo(tmp_path)
    assert again.count("sent by an earlier demonstration and not again") == len(CAMPAIGNS)
    assert fingerprints(tmp_path / "outbox") == delivered
    check_the_way(tmp_path)


def test_killed_in_the_middle_it_goes_on_and_nobody_hears_twice(demonstration: Path, tmp_path: Path) -> None:
    root = tmp_path / "killed"
    shutil.copytree(demonstration, root)
    settings = root / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8").replace("lease: 120", "lease: 5"), "utf-8")
    kill_after(root, 20)
    before = fingerprints(root / "outbox")
    subprocess.run([sys.executable, "-c", ONE_STOP], cwd=root, check=True, timeout=PATIENCE)
    check_the_way(root, CAMPAIGNS[:1], killed=True)
    after = fingerprints(root / "outbox")
    assert {path: after[path] for path in before if path.suffix == ".eml"} == {
        path: sha for path, sha in before.items() if path.suffix == ".eml"
    }


def kill_after(root: Path, messages: int) -> None:
    """Begin the demonstration's first campaign, and kill it once some of its messages are delivered, but not all."""
    with subprocess.Popen([sys.executable, "-c", ONE_STOP], cwd=root) as process:
        end = monotonic() + PATIENCE
        while len(list((root / "outbox").glob("*/email/*.eml"))) < messages:
            assert process.poll() is None, "it ended before it could be killed"
            assert monotonic() < end
            sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
