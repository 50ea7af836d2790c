"""Regular files: a path that a user names must be a file, since a device or a pipe may never end."""

import os
import stat
from io import BufferedReader
from pathlib import Path
from typing import Final

from campaigns.core.errors import UserError

_KINDS: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def open_regular(path: Path) -> BufferedReader:
    """Open a file to be read; raise UserError for a folder, a pipe or a device, at once and before reading any of it.

    Raise OSError when there is no such file, or when it may not be read. Symbolic links are followed.
    """
    require_regular(path)
    # not even opening waits, should a pipe have taken the place of the file meanwhile
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _check(path, os.fstat(descriptor).st_mode)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def require_regular(path: Path) -> None:
    """Raise UserError when the path is a folder, a pipe or a device; OSError when it is nothing."""
    _check(path, path.stat().st_mode)


def is_regular(path: Path) -> bool:
    """Return whether the path is a file, perhaps through symbolic links."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def _check(path: Path, mode: int) -> None:
    kind = _KINDS.get(stat.S_IFMT(mode))
    if kind is not None:
        message = f"this is {kind}, and a file is needed"
        raise UserError.about(str(path), message, "not_a_file", "name a file, or write its content into one first")
