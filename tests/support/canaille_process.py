"""Real identity provider for tests: Canaille as a process on the loopback."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from campaigns.people.accounts.identity_provider import CALLBACK_PATH
from campaigns.web.server import listening_socket
from tests.support.page_walk import hidden_fields

_WAIT: Final = 240


@contextmanager
def serve_canaille(base_url: str, log: Path) -> Iterator[str]:
    """Serve until the block ends; yield the issuer. `base_url` is the address of our pages."""
    with listening_socket("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
    issuer = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "tests.support.canaille_server", str(port), f"{base_url}{CALLBACK_PATH}"]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            _wait_for(issuer, process, log)
            yield issuer
        finally:
            process.kill()


def _wait_for(issuer: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _WAIT
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{issuer}/.well-known/openid-configuration").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(log.read_text("utf-8", "replace"))


async def pass_login(provider: httpx.AsyncClient, url: str, name: str, password: str) -> str:
    """Sign in at the provider from an authorisation request on; return where it sends the browser back to."""
    page = await provider.get(url, follow_redirects=True)
    for fields in ({"login": name}, {"password": password}):
        hidden = {field: values[0] for field, values in hidden_fields(page.text).items()}
        page = await provider.post(str(page.url), data={**hidden, **fields})
        while page.is_redirect and (target := page.url.join(page.headers["location"])).path != CALLBACK_PATH:
            page = await provider.get(target)
    return page.headers["location"]
