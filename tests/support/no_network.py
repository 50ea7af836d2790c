"""Refuse tests every other machine (OP-07), and unit tests sockets and processes, too.

An audit hook hears of every connection, every name that is looked up and every process that is started here, whichever
library asks. It is set once for a process and cannot be taken away. Unix sockets and the loopback stay open.
"""

import ipaddress
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

_LOOKED_UP: Final = {"socket.getaddrinfo", "socket.gethostbyname"}
_SPOKEN_TO: Final = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}


_BEYOND_UNITS: Final = {*_SPOKEN_TO, "socket.bind", "subprocess.Popen", "os.posix_spawn", "os.fork", "os.system"}
_in_unit_test = False


class OutsideNetworkError(OSError):
    """A test wanted to speak to another machine."""


class UnitTestError(RuntimeError):
    """A unit test opened a socket or started a process."""


def refuse_outside_connections() -> None:
    """Refuse the outside from now on in this process."""
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
    if _in_unit_test and event in _BEYOND_UNITS:
        raise UnitTestError(f"{event} in a unit test: mark it `loopback`, `child_process` or `server_process`")
    if event in _LOOKED_UP:
        _demand_inside(arguments[0])
    elif event in _SPOKEN_TO:
        address = arguments[_SPOKEN_TO[event]]
        if isinstance(address, tuple) and address:  # of a unix socket it is a path
            _demand_inside(address[0])


def _demand_inside(host: object) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost", socket.gethostname()):  # nothing is the address to listen on
        return
    try:
        address = ipaddress.ip_address(str(name))
    except ValueError:
        raise OutsideNetworkError(f"a test may look up no name but this machine's, and not {name}") from None
    if not (address.is_loopback or address.is_unspecified):
        raise OutsideNetworkError(f"a test may speak to this machine only, not to {name}")
