"""`viesti serve` as a process, and queries about its workspace."""

import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final
from urllib.error import URLError
from urllib.request import urlopen

from tests.support.shell import Shell
from tests.support.viesti_process import VIESTI

PATIENCE: Final = 240  # seconds, on a busy machine


@contextmanager
def serving(shell: Shell, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a server of the workspace on a free port; kill it at the end of the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [VIESTI, "--workspace", str(shell.root), "serve", "--port", str(port), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def newest_run(shell: Shell) -> dict[str, Any]:
    """Return the newest run as `viesti status` shows it."""
    runs = shell("status", "--json").json
    return dict(runs[0]) if runs else {"state": "none"}


def healthz(url: str) -> dict[str, str]:
    """Return the health of a server once it is up."""
    deadline = monotonic() + PATIENCE
    while True:
        try:
            with urlopen(f"{url}/healthz", timeout=PATIENCE) as response:  # noqa: S310 - loopback
                return dict(json.load(response))
        except URLError:
            assert monotonic() < deadline, "the server did not come up"
            sleep(0.1)


def set_clock(shell: Shell, moment: str) -> None:
    """Start the workspace's clock at another moment."""
    settings = shell.root / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8").replace("2018-01-01 10:00", moment), "utf-8")


def delivered_emails(shell: Shell) -> list[Path]:
    return [path for path in shell.delivered_files() if path.suffix == ".eml"]


def wait_until(condition: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    """Wait until a condition holds; assert that the process stays alive."""
    deadline = monotonic() + PATIENCE
    while not condition():
        assert monotonic() < deadline
        assert process.poll() is None
        sleep(0.1)
