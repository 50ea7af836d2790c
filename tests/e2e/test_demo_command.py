"""`viesti demo` from the command line: in an empty directory, a second time, and killed while it sends."""

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
from campaigns.store.runs.redemptions import remaining_redemptions
from campaigns.workspace.paths import Workspace
from tests.support.outbox_reader import fingerprints, messages_by_member
from tests.support.viesti_process import VIESTI

pytestmark = pytest.mark.server_process
CAMPAIGNS = ("beauty_newsletter", "weekend_offer", "owner_post")
PATIENCE = 600  # seconds, on a busy machine
SEND_ONE_CAMPAIGN: Final = """
from pathlib import Path
from campaigns.demo.run_demo import run_campaign
from campaigns.runs.engine import Engine
from campaigns.workspace.paths import Workspace
run_campaign(Engine.open(Workspace(Path()), "tester"), "beauty_newsletter", lambda _: None)
"""


def run_demo(directory: Path) -> str:
    """Run the demonstration to its end and return its output."""
    result = subprocess.run(
        [VIESTI, "demo"], cwd=directory, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def check_deliveries(root: Path, campaigns: tuple[str, ...] = CAMPAIGNS, killed: bool = False) -> None:
    """Assert that every planned delivery was sent once, or is uncertain after a kill, and none twice."""
    engine = Engine.open(Workspace(root), "tester")
    runs = engine.queries.recent_runs()
    assert sorted(run.campaign for run in runs) == sorted(campaigns)
    for run in runs:
        states = engine.queries.outcomes(run).by_state
        messages = messages_by_member(root / "outbox" / run.run_id)
        assert run.state == "closed"
        assert sum(run.counts["sends"].values()) == sum(states.values()) > 0
        assert [address for address, count in messages.items() if count > 1] == []
        uncertain = states["uncertain"] if killed else 0
        assert states["accepted"] <= messages.total() <= states["accepted"] + uncertain
        assert states["accepted"] + uncertain == sum(states.values())
    engine.close()


def test_demo_delivers_in_an_empty_directory_and_changes_nothing_a_second_time(tmp_path: Path) -> None:
    output = run_demo(tmp_path)
    check_deliveries(tmp_path)
    listed_files = re.findall(r"^  (outbox/.*)$", output, re.MULTILINE)
    assert [Path(path).suffix for path in listed_files] == [".eml", ".jsonl", ".pdf"]
    assert all((tmp_path / path).is_file() for path in listed_files)
    for word in ("matched", "variant", "skipped because of", "no_consent"):
        assert word in output
    assert [line for line in output.splitlines() if line != line.rstrip()] == []

    delivered = fingerprints(tmp_path / "outbox")
    second_output = run_demo(tmp_path)
    assert second_output.count("sent by an earlier demonstration and not again") == len(CAMPAIGNS)
    assert fingerprints(tmp_path / "outbox") == delivered
    check_deliveries(tmp_path)
    tills = r"^Tills redeemed (\d+) coupons of weekend_offer"
    numbers = [int(re.search(tills, text, re.MULTILINE)[1]) for text in (output, second_output)]
    engine = Engine.open(Workspace(tmp_path), "tester")
    assert numbers == [remaining_redemptions(engine.context.ledger)[0]] * 2 != [0, 0]
    engine.close()


def test_demo_continues_after_a_kill_and_sends_no_duplicates(demonstration: Path, tmp_path: Path) -> None:
    root = tmp_path / "killed"
    shutil.copytree(demonstration, root)
    settings = root / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8").replace("lease: 120", "lease: 5"), "utf-8")
    kill_after_messages(root, 20)
    before = fingerprints(root / "outbox")
    subprocess.run([sys.executable, "-c", SEND_ONE_CAMPAIGN], cwd=root, check=True, timeout=PATIENCE)
    check_deliveries(root, CAMPAIGNS[:1], killed=True)
    after = fingerprints(root / "outbox")
    assert {path: after[path] for path in before if path.suffix == ".eml"} == {
        path: sha for path, sha in before.items() if path.suffix == ".eml"
    }


def kill_after_messages(root: Path, messages: int) -> None:
    """Start the demonstration's first campaign, and kill it when some of its messages are delivered."""
    with subprocess.Popen([sys.executable, "-c", SEND_ONE_CAMPAIGN], cwd=root) as process:
        deadline = monotonic() + PATIENCE
        while len(list((root / "outbox").glob("*/email/*.eml"))) < messages:
            assert process.poll() is None, "the process ended before it could be killed"
            assert monotonic() < deadline
            sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
