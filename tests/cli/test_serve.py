"""The server as a real process: it answers, runs what is published when it is due, and ends when it is told to."""

import os
import signal
import socket
import subprocess
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.support.server_process import PATIENCE, delivered_emails, healthz, newest_run, serving, set_clock, wait_until
from tests.support.shell import MONDAYS, Shell

pytestmark = pytest.mark.server_process
RUN = "letter-20180108T0730Z"


def test_it_runs_what_is_published_when_it_is_due_and_ends_on_sigterm(viesti: Shell) -> None:
    viesti.write("letter", MONDAYS)
    viesti.write("draft", MONDAYS)
    viesti("publish", "letter")
    set_clock(viesti, "2018-01-08 09:30")
    with serving(viesti) as (process, url):
        assert healthz(url)["ledger"] == "ok"
        wait_until(lambda: newest_run(viesti)["state"] == "closed", process)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (0, "")
    assert [row["run"] for row in viesti("status", "--json").json] == [RUN]
    assert len(delivered_emails(viesti)) == 18
    assert {path.parents[1].name for path in delivered_emails(viesti)} == {RUN}


def test_told_to_end_in_the_middle_it_records_what_is_under_way(viesti: Shell) -> None:
    viesti.write("letter", MONDAYS + "limits: {rate: 2 per second}\n")
    viesti("publish", "letter")
    set_clock(viesti, "2018-01-08 09:30")
    with serving(viesti) as (process, _):
        wait_until(lambda: len(delivered_emails(viesti)) >= 3, process)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (0, "")
    run = newest_run(viesti)
    balance = {state: count for state, count in run["deliveries"].items() if count}
    assert (run["state"], set(balance), sum(balance.values())) == ("sending", {"accepted", "pending"}, 18)
    assert len(delivered_emails(viesti)) == balance["accepted"]


def apart(process: "subprocess.Popen[str]") -> int:
    """The number of the process that makes the server's rounds."""
    threads = Path(f"/proc/{process.pid}/task").glob("*/children")
    (number,) = [number for thread in threads for number in thread.read_text("ascii").split()]
    return int(number)


def goes_on(process: int) -> bool:
    """Whether a process that is no child of ours has not ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_process_that_sends_is_replaced_when_it_is_killed(viesti: Shell) -> None:
    viesti.write("letter", MONDAYS + "limits: {rate: 2 per second}\n")
    viesti("publish", "letter")
    set_clock(viesti, "2018-01-08 09:30")
    with serving(viesti) as (process, url):
        wait_until(lambda: len(delivered_emails(viesti)) >= 2, process)
        killed = apart(process)
        os.kill(killed, signal.SIGKILL)
        assert healthz(url)["ledger"] == "ok"
        before = len(delivered_emails(viesti))
        wait_until(lambda: len(delivered_emails(viesti)) > before, process)
        assert apart(process) != killed
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "the process that plans and sends has ended, exit status -9" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_the_process_that_sends_ends_with_the_server(viesti: Shell, sent: signal.Signals) -> None:
    viesti.write("letter", MONDAYS + "limits: {rate: 2 per second}\n")
    viesti("publish", "letter")
    set_clock(viesti, "2018-01-08 09:30")
    with serving(viesti) as (process, _):
        wait_until(lambda: len(delivered_emails(viesti)) >= 2, process)
        other = apart(process)
        process.send_signal(sent)
        process.wait(PATIENCE)
        end = monotonic() + PATIENCE
        while goes_on(other):
            assert monotonic() < end
            sleep(0.1)
    balance = {state: count for state, count in newest_run(viesti)["deliveries"].items() if count}
    assert set(balance) == {"accepted", "pending"}  # what was under way is recorded, and nothing is in doubt
    assert len(delivered_emails(viesti)) == balance["accepted"]


def test_told_to_end_together_with_its_server_it_is_not_missed(viesti: Shell) -> None:
    with serving(viesti) as (process, url):
        healthz(url)
        os.kill(apart(process), signal.SIGTERM)  # as a service manager does that ends all processes of a service
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (0, "")


def test_a_door_for_figures_that_is_taken_is_said_plainly(viesti: Shell) -> None:
    with socket.socket() as taken, socket.socket() as free:
        for each in (taken, free):
            each.bind(("127.0.0.1", 0))
        taken.listen()
        port = free.getsockname()[1]
        free.close()
        said = viesti("serve", "--port", str(port), "--metrics", f"127.0.0.1:{taken.getsockname()[1]}", code=1)
    assert "Traceback" not in said.err
    assert "[no_port]" in said.err


def test_a_port_that_is_taken_is_said_plainly(viesti: Shell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = viesti("serve", "--port", str(taken.getsockname()[1]), code=1)
    assert "Traceback" not in said.err
    assert "[no_port]" in said.err
