"""Folders of tests in memory where there is room: ledgers sync every write, and a disk takes its time for each."""

import os
import shutil
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - pytest makes a private folder in it
_ROOM: Final = 4 * 1024**3
_SETTING: Final = "PYTEST_DEBUG_TEMPROOT"


def use_memory() -> None:
    """Let pytest make its folders in memory if there is room; a folder that somebody set stays."""
    try:
        memory = os.statvfs(_MEMORY)
    except OSError:
        return
    has_room = memory.f_bavail * memory.f_frsize > _ROOM
    if has_room and not memory.f_flag & os.ST_NOEXEC and os.access(_MEMORY, os.W_OK):  # tests write programs, too
        os.environ.setdefault(_SETTING, str(_MEMORY))


def empty(folder: Path) -> None:
    """Remove what is in a folder; the folder itself stays, so that no later test gets one of its name."""
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
        else:
            Path(entry.path).unlink(missing_ok=True)
