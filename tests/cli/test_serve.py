"""The server as a real process: it answers, runs what is published when it is due, and ends when it is told to."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.support.shell import MONDAYS, Shell
from tests.support.viesti_process import VIESTI

RUN = "letter-20180108T0730Z"
PATIENCE = 60  # seconds, on a machine that has other things to do


@contextmanager
def serving(shell: Shell, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server of the workspace on a free port; killed in the end if it has not ended before."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [VIESTI, "--workspace", str(shell.root), "serve", "--port", str(port), *options]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def stands(shell: Shell) -> dict[str, Any]:
    """How the newest run stands."""
    runs = shell("status", "--json").json
    return dict(runs[0]) if runs else {"state": "none"}


def healthz(url: str) -> dict[str, str]:
    """The answer of a server that is coming up."""
    end = monotonic() + PATIENCE
    while True:
        try:
            with urlopen(f"{url}/healthz", timeout=PATIENCE) as answer:  # noqa: S310 - loopback
                return dict(json.load(answer))
        except URLError:
            assert monotonic() < end, "the server did not come up"
            sleep(0.1)


def turn(shell: Shell, moment: str) -> None:
    """Turn the workspace's clock."""
    settings = shell.root / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8").replace("2018-01-01 10:00", moment), "utf-8")


def mails(shell: Shell) -> list[Path]:
    return [path for path in shell.delivered_files() if path.suffix == ".eml"]


def until(happened: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    """Wait for something that a server does."""
    end = monotonic() + PATIENCE
    while not happened():
        assert monotonic() < end
        assert process.poll() is None
        sleep(0.1)


def test_it_runs_what_is_published_when_it_is_due_and_ends_on_sigterm(viesti: Shell) -> None:
    viesti.write("letter", MONDAYS)
    viesti.write("draft", MONDAYS)
    viesti("publish", "letter")
    turn(viesti, "2018-01-08 09:30")
    with serving(viesti) as (process, url):
        assert healthz(url)["ledger"] == "ok"
        until(lambda: stands(viesti)["state"] == "closed", process)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (0, "")
    assert [row["run"] for row in viesti("status", "--json").json] == [RUN]
    assert len(mails(viesti)) == 18
    assert {path.parents[1].name for path in mails(viesti)} == {RUN}


def test_told_to_end_in_the_middle_it_records_what_is_under_way(viesti: Shell) -> None:
    viesti.write("letter", MONDAYS + "limits: {rate: 2 per second}\n")
    viesti("publish", "letter")
    turn(viesti, "2018-01-08 09:30")
    with serving(viesti) as (process, _):
        until(lambda: len(mails(viesti)) >= 3, process)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (0, "")
    run = stands(viesti)
    balance = {state: count for state, count in run["deliveries"].items() if count}
    assert (run["state"], set(balance), sum(balance.values())) == ("sending", {"accepted", "pending"}, 18)
    assert len(mails(viesti)) == balance["accepted"]


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
    turn(viesti, "2018-01-08 09:30")
    with serving(viesti) as (process, url):
        until(lambda: len(mails(viesti)) >= 2, process)
        killed = apart(process)
        os.kill(killed, signal.SIGKILL)
        assert healthz(url)["ledger"] == "ok"
        before = len(mails(viesti))
        until(lambda: len(mails(viesti)) > before, process)
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
    turn(viesti, "2018-01-08 09:30")
    with serving(viesti) as (process, _):
        until(lambda: len(mails(viesti)) >= 2, process)
        other = apart(process)
        process.send_signal(sent)
        process.wait(PATIENCE)
        end = monotonic() + PATIENCE
        while goes_on(other):
            assert monotonic() < end
            sleep(0.1)
    balance = {state: count for state, count in stands(viesti)["deliveries"].items() if count}
    assert set(balance) == {"accepted", "pending"}  # what was under way is recorded, and nothing is in doubt
    assert len(mails(viesti)) == balance["accepted"]


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
