"""Return addresses of which each names one delivery, so that a bounce says by itself what it is about (E-10)."""

import re
from typing import Final

_NAMED: Final = re.compile(r"[^\s@+]+\+([A-Za-z0-9]{1,64})@[^\s@]+")


def verp(bounces: str, opaque_id: str) -> str:
    """The address of one delivery's bounces: `bounces@example.org` becomes `bounces+<opaque id>@example.org`."""
    local, _, domain = bounces.rpartition("@")
    return f"{local}+{opaque_id}@{domain}"


def opaque_id_of(address: str) -> str:
    """The opaque id in a return address, or an empty text."""
    found = _NAMED.fullmatch(address.strip().strip("<>"))
    return found[1] if found else ""
