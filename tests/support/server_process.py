"""`viesti serve` as a process of its own, and what a test asks about its workspace."""

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

PATIENCE: Final = 60  # seconds, on a machine that has other things to do


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


def newest_run(shell: Shell) -> dict[str, Any]:
    """The newest run, as `viesti status` shows it."""
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


def set_clock(shell: Shell, moment: str) -> None:
    """Start the workspace's clock at another moment."""
    settings = shell.root / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8").replace("2018-01-01 10:00", moment), "utf-8")


def delivered_emails(shell: Shell) -> list[Path]:
    return [path for path in shell.delivered_files() if path.suffix == ".eml"]


def wait_until(happened: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    """Wait for something that a process does; it has to stay alive meanwhile."""
    end = monotonic() + PATIENCE
    while not happened():
        assert monotonic() < end
        assert process.poll() is None
        sleep(0.1)
