"""`viesti serve` as a real process: it answers, runs due campaigns, and ends on a signal."""

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


def test_serve_runs_published_campaigns_when_due_and_ends_on_sigterm(viesti: Shell) -> None:
    viesti.write("letter", MONDAYS)
    viesti.write("draft", MONDAYS)
    viesti("publish", "letter")
    set_clock(viesti, "2018-01-08 09:30")
    with serving(viesti) as (process, url):
        assert healthz(url)["ledger"] == "ok"
        wait_until(lambda: newest_run(viesti)["state"] == "closed", process)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")
    assert [row["run"] for row in viesti("status", "--json").json] == [RUN]
    assert len(delivered_emails(viesti)) == 18
    assert {path.parents[1].name for path in delivered_emails(viesti)} == {RUN}


def test_serve_records_deliveries_in_flight_before_it_ends(viesti: Shell) -> None:
    viesti.write("letter", MONDAYS + "limits: {rate: 2 per second}\n")
    viesti("publish", "letter")
    set_clock(viesti, "2018-01-08 09:30")
    with serving(viesti) as (process, _):
        wait_until(lambda: len(delivered_emails(viesti)) >= 3, process)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")
    run = newest_run(viesti)
    balance = {state: count for state, count in run["deliveries"].items() if count}
    assert (run["state"], set(balance), sum(balance.values())) == ("sending", {"accepted", "pending"}, 18)
    assert len(delivered_emails(viesti)) == balance["accepted"]


def sender_process(process: "subprocess.Popen[str]") -> int:
    """Return the id of the server's child process, which plans and sends."""
    threads = Path(f"/proc/{process.pid}/task").glob("*/children")
    (process_id,) = [process_id for thread in threads for process_id in thread.read_text("ascii").split()]
    return int(process_id)


def is_running(process: int) -> bool:
    """Return whether a process, not a child of this one, is still running."""
    try:
        return Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_killed_sending_process_is_replaced(viesti: Shell) -> None:
    viesti.write("letter", MONDAYS + "limits: {rate: 2 per second}\n")
    viesti("publish", "letter")
    set_clock(viesti, "2018-01-08 09:30")
    with serving(viesti) as (process, url):
        wait_until(lambda: len(delivered_emails(viesti)) >= 2, process)
        killed = sender_process(process)
        os.kill(killed, signal.SIGKILL)
        assert healthz(url)["ledger"] == "ok"
        before = len(delivered_emails(viesti))
        wait_until(lambda: len(delivered_emails(viesti)) > before, process)
        assert sender_process(process) != killed
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "the process that plans and sends has ended, exit status -9" in errors
    assert len(errors.splitlines()) == 1


@pytest.mark.parametrize("sent_signal", [signal.SIGKILL, signal.SIGINT])
def test_the_sending_process_ends_with_the_server(viesti: Shell, sent_signal: signal.Signals) -> None:
    viesti.write("letter", MONDAYS + "limits: {rate: 2 per second}\n")
    viesti("publish", "letter")
    set_clock(viesti, "2018-01-08 09:30")
    with serving(viesti) as (process, _):
        wait_until(lambda: len(delivered_emails(viesti)) >= 2, process)
        sender = sender_process(process)
        process.send_signal(sent_signal)
        process.wait(PATIENCE)
        deadline = monotonic() + PATIENCE
        while is_running(sender):
            assert monotonic() < deadline
            sleep(0.1)
    balance = {state: count for state, count in newest_run(viesti)["deliveries"].items() if count}
    assert set(balance) == {"accepted", "pending"}  # deliveries in flight are recorded, and none is uncertain
    assert len(delivered_emails(viesti)) == balance["accepted"]


def test_a_sending_process_that_ends_with_its_server_is_not_reported(viesti: Shell) -> None:
    with serving(viesti) as (process, url):
        healthz(url)
        os.kill(sender_process(process), signal.SIGTERM)  # like a service manager that ends all processes of a service
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")


def test_an_occupied_metrics_port_is_a_user_error(viesti: Shell) -> None:
    with socket.socket() as occupied, socket.socket() as free:
        for listener in (occupied, free):
            listener.bind(("127.0.0.1", 0))
        occupied.listen()
        port = free.getsockname()[1]
        free.close()
        errors = viesti("serve", "--port", str(port), "--metrics", f"127.0.0.1:{occupied.getsockname()[1]}", code=1)
    assert "Traceback" not in errors.err
    assert "[no_port]" in errors.err


def test_an_occupied_port_is_a_user_error(viesti: Shell) -> None:
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", 0))
        occupied.listen()
        errors = viesti("serve", "--port", str(occupied.getsockname()[1]), code=1)
    assert "Traceback" not in errors.err
    assert "[no_port]" in errors.err
