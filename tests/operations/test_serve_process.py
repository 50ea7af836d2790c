"""Server as a real process: logs as JSON, metrics at an address of their own."""

import json
import re
import signal
import socket
from urllib.request import urlopen

import pytest

from tests.support.server_process import PATIENCE, healthz, newest_run, serving, set_clock, wait_until
from tests.support.shell import MONDAYS, Shell

pytestmark = pytest.mark.server_process


def test_server_logs_json_and_serves_its_metrics(viesti: Shell) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    viesti.write("letter", MONDAYS)
    viesti("publish", "letter")
    viesti.write("letter", MONDAYS.replace("owners", "customers"))  # not as published, which is logged
    set_clock(viesti, "2018-01-08 09:30")
    options = ("--metrics", address, "--log-format", "json", "--log-level", "info")
    with serving(viesti, *options) as (process, url):
        healthz(url)
        wait_until(lambda: newest_run(viesti)["state"] == "missed", process)
        figures = urlopen(f"http://{address}/metrics", timeout=PATIENCE).read().decode()
        ready = json.load(urlopen(f"{url}/readyz", timeout=PATIENCE))  # noqa: S310 - loopback
        process.send_signal(signal.SIGTERM)
        _, log_output = process.communicate(timeout=PATIENCE)
    assert re.search(r'^viesti_runs\{state="missed"\} 1\.0$', figures, re.MULTILINE)
    assert "process_resident_memory_bytes" in figures
    assert ready["ledger"] == "ok"
    lines = [json.loads(text) for text in log_output.splitlines()]
    assert [line["message"] for line in lines if "not_as_published" in line["message"]]
    assert all({"at", "level", "logger", "message"} <= set(line) for line in lines)
