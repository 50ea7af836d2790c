"""`viesti worker` as a real process: it sends runs and notices, and ends on a signal."""

import signal
import subprocess

import pytest

from campaigns.core.model.enums import Channel
from campaigns.runs.notices import enqueue
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.server_process import PATIENCE, delivered_emails, newest_run, wait_until
from tests.support.shell import MONDAYS, Shell
from tests.support.viesti_process import VIESTI

pytestmark = pytest.mark.server_process


def test_worker_sends_runs_and_notices_and_ends_on_sigterm(viesti: Shell) -> None:
    viesti.write("letter", MONDAYS)
    workspace = SampleWorkspace(viesti.root)
    workspace.start("letter")
    with workspace.engine.context.ledger.write() as connection:
        enqueue.contact_changed(connection, MEMBERS[0], Channel.EMAIL, "former@example.org", workspace.clock.time)
    workspace.close()
    command = [VIESTI, "--workspace", str(viesti.root), "worker"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_until(lambda: newest_run(viesti)["state"] == "closed", process)
            wait_until(lambda: list((viesti.root / "outbox" / "notes" / "email").glob("*.eml")), process)
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert (process.returncode, errors) == (0, "")
    assert len(delivered_emails(viesti)) == 18 + 1  # the notice
