"""Refuse connections to other machines in tests (OP-07), and sockets and processes in unit tests.

An audit hook sees every connection, name lookup and started process of any library. It is set once for a process and
cannot be removed. Unix sockets and the loopback stay open.
"""

import ipaddress
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

_LOOKUP_EVENTS: Final = {"socket.getaddrinfo", "socket.gethostbyname"}
_CONNECT_EVENTS: Final = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}


_FORBIDDEN_IN_UNITS: Final = {
    *_CONNECT_EVENTS,
    "socket.bind",
    "subprocess.Popen",
    "os.posix_spawn",
    "os.fork",
    "os.system",
}
_in_unit_test = False


class OutsideNetworkError(OSError):
    """Raised when a test connects to another machine."""


class UnitTestError(RuntimeError):
    """Raised when a unit test opens a socket or starts a process."""


def refuse_outside_connections() -> None:
    """Refuse connections to other machines from now on in this process."""
    sys.addaudithook(_refuse)


@contextmanager
def unit_test() -> Iterator[None]:
    """Refuse sockets and processes, too, until the block ends."""
    global _in_unit_test
    _in_unit_test = True
    try:
        yield
    finally:
        _in_unit_test = False


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if _in_unit_test and event in _FORBIDDEN_IN_UNITS:
        raise UnitTestError(f"{event} in a unit test: mark it `loopback`, `child_process` or `server_process`")
    if event in _LOOKUP_EVENTS:
        _require_this_machine(arguments[0])
    elif event in _CONNECT_EVENTS:
        address = arguments[_CONNECT_EVENTS[event]]
        if isinstance(address, tuple) and address:  # a unix socket's address is a path
            _require_this_machine(address[0])


def _require_this_machine(host: object) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost", socket.gethostname()):  # empty: the address to listen on
        return
    try:
        address = ipaddress.ip_address(str(name))
    except ValueError:
        raise OutsideNetworkError(f"a test may look up no name but this machine's, and not {name}") from None
    if not (address.is_loopback or address.is_unspecified):
        raise OutsideNetworkError(f"a test may speak to this machine only, not to {name}")
