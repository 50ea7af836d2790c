"""Private files: data about members is for the account that runs Viesti alone, whatever the umask is.

Folders get the mode 0700 and files 0600 at the moment they are created, before anything is in them. The umask of the
process is the second belt, for files that libraries write.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Final

FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600
SHARED_BITS: Final = 0o077
"""Permission bits of the group and of everybody."""

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_inherited_umask: list[int] = []


def set_private_umask() -> None:
    """Let this process and its children create nothing that others can read; entry points call it once."""
    inherited = os.umask(SHARED_BITS)
    if not _inherited_umask:
        _inherited_umask.append(inherited)


@contextmanager
def inherited_umask() -> Iterator[None]:
    """Create files with the modes that the user's shell asks for: the files of a marketer, which a team shares."""
    private = os.umask(_inherited_umask[0]) if _inherited_umask else None
    try:
        yield
    finally:
        if private is not None:
            os.umask(private)


def make_private_folder(folder: Path) -> Path:
    """Create a folder of ours and its missing parents, and tighten it when it is looser; return it."""
    make_parents(folder)
    with suppress(FileExistsError):
        folder.mkdir(FOLDER_MODE)
    tighten(folder, FOLDER_MODE)
    return folder


def make_parents(file: Path) -> None:
    """Create the missing folders above a file, for the owner only; those that exist stay as they are."""
    missing = [folder for folder in file.parents if not folder.exists()]
    for folder in reversed(missing):
        with suppress(FileExistsError):
            folder.mkdir(FOLDER_MODE)
        tighten(folder, FOLDER_MODE)


def open_private(file: Path, flags: int) -> int:
    """Return a descriptor of a file of ours, created if `flags` say so, and tightened when it is looser."""
    descriptor = os.open(file, flags | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
    state = os.fstat(descriptor)
    if state.st_mode & SHARED_BITS and state.st_uid == os.geteuid() and stat.S_ISREG(state.st_mode):
        os.fchmod(descriptor, FILE_MODE)
    return descriptor


def create_private(file: Path) -> None:
    """Create an empty file if there is none, for a library that writes into it; tighten it when it is looser."""
    with suppress(FileExistsError):
        os.close(os.open(file, _NEW, FILE_MODE))
    tighten(file, FILE_MODE)


def write_private(file: Path, content: bytes, *, durable: bool = False) -> None:
    """Write or replace a file atomically; `durable` waits until it would survive a power cut."""
    draft = file.with_name(f".{file.name}.{token_hex(4)}.partial")
    try:
        write_new(draft, content, durable=durable)
        draft.replace(file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def write_named(file: Path, content: bytes) -> None:
    """Write a file where the user says: atomically, behind a symbolic link, or into a pipe or a terminal as it is."""
    target = file.resolve()
    if target.exists() and not target.is_file():
        file.write_bytes(content)
    else:
        write_private(target, content)


def write_named_parts(file: Path, parts: Iterable[bytes]) -> None:
    """Write a file part by part where the user says, as `write_named` does; an error leaves the earlier one."""
    target = file.resolve()
    if target.exists() and not target.is_file():
        with file.open("wb") as stream:
            stream.writelines(parts)
        return
    draft = target.with_name(f".{target.name}.{token_hex(4)}.partial")
    try:
        with os.fdopen(os.open(draft, _NEW, FILE_MODE), "wb") as stream:
            stream.writelines(parts)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def write_new(file: Path, content: bytes, *, durable: bool = False) -> None:
    """Write a file that does not exist; raise FileExistsError when it does."""
    with os.fdopen(os.open(file, _NEW, FILE_MODE), "wb") as stream:
        stream.write(content)
        if durable:
            stream.flush()
            os.fsync(stream.fileno())


def copy_private(source: Path, target: Path) -> None:
    """Copy a file, or a folder with all that is in it, to a place where nothing is."""
    if source.is_dir():
        make_private_folder(target)
        for entry in source.iterdir():
            copy_private(entry, target / entry.name)
    else:
        make_parents(target)
        write_new(target, source.read_bytes())


def tighten(path: Path, mode: int) -> None:
    """Take the permissions of others from a file or folder of ours that has any; ignore a missing path."""
    with suppress(FileNotFoundError):
        state = path.stat()
        is_ours = state.st_uid == os.geteuid() and (stat.S_ISREG(state.st_mode) or stat.S_ISDIR(state.st_mode))
        if is_ours and state.st_mode & SHARED_BITS:
            path.chmod(mode)


def loose_paths(folder: Path) -> Iterator[Path]:
    """Yield what others may read or enter: the folder itself, and everything below it, sorted."""
    if not folder.exists():
        return
    for path in (folder, *sorted(folder.rglob("*"))):
        with suppress(FileNotFoundError):
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode) and mode & SHARED_BITS:
                yield path
