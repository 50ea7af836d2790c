"""Connections to other machines are refused in tests, by every library and in child processes (OP-07)."""

import asyncio
import os
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import aiohttp
import httpx
import pytest

from tests.support.no_network import OutsideNetworkError

pytestmark = [pytest.mark.loopback, pytest.mark.child_process]

ELSEWHERE = "192.0.2.1"  # an address that is nobody's, for examples


def test_op07_a_connection_to_another_machine_is_refused() -> None:
    with closing(socket.socket()) as plain, pytest.raises(OutsideNetworkError, match=ELSEWHERE):
        plain.connect((ELSEWHERE, 443))
    with closing(socket.socket()) as plain, pytest.raises(OutsideNetworkError):
        plain.connect_ex((ELSEWHERE, 443))
    with pytest.raises(OutsideNetworkError):
        socket.create_connection((ELSEWHERE, 443))
    with closing(socket.socket(socket.AF_INET6)) as six, pytest.raises(OutsideNetworkError):
        six.connect(("2001:db8::1", 443))
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as datagrams, pytest.raises(OutsideNetworkError):
        datagrams.sendto(b"a question", (ELSEWHERE, 53))


def test_op07_no_name_is_looked_up() -> None:
    for look_up in (socket.gethostbyname, lambda name: socket.getaddrinfo(name, 443)):
        with pytest.raises(OutsideNetworkError, match=r"example\.org"):
            look_up("example.org")


async def test_op07_event_loops_connect_to_no_other_machine() -> None:
    loop = asyncio.get_running_loop()
    with closing(socket.socket()) as plain:
        plain.setblocking(False)
        with pytest.raises(OutsideNetworkError):
            await loop.sock_connect(plain, (ELSEWHERE, 443))
    for host in (ELSEWHERE, "example.org"):
        with pytest.raises(OutsideNetworkError):
            await asyncio.open_connection(host, 443)


async def test_op07_http_clients_connect_to_no_other_machine() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(f"http://{ELSEWHERE}/")
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises((httpx.ConnectError, OutsideNetworkError)):
            await client.get("http://example.org/")


def test_op07_child_processes_connect_to_no_other_machine() -> None:
    script = f"import socket; socket.create_connection(('{ELSEWHERE}', 443), timeout=5)"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "a test may speak to this machine only" in ended.stderr


def test_op07_connections_to_this_machine_are_allowed(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        with socket.create_connection(("localhost", port)) as caller:
            assert caller.getpeername() == ("127.0.0.1", port)
    before = Path.cwd()
    os.chdir(tmp_path)  # the path of a unix socket is short
    try:
        with closing(socket.socket(socket.AF_UNIX)) as door, closing(socket.socket(socket.AF_UNIX)) as caller:
            door.bind("door")
            door.listen()
            caller.connect("door")
            assert caller.getpeername() == "door"
    finally:
        os.chdir(before)
