"""Files that never end, or are none: refused at once by every command that reads a file by its name."""

import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.support.shell import MONDAYS, Shell

SECONDS: Final = 20.0
_PAGE: Final = 4096


def _pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def _socket(path: Path) -> Path:
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(str(path))
    return path


def _link_to(target: str) -> Callable[[Path], Path]:
    def link(path: Path) -> Path:
        path.symlink_to(target)
        return path

    return link


def _link_to_pipe(path: Path) -> Path:
    path.symlink_to(_pipe(path.with_suffix(".pipe")))
    return path


NO_FILES: Final[dict[str, Callable[[Path], Path]]] = {
    "endless zeros": lambda _path: Path("/dev/zero"),
    "endless noise": lambda _path: Path("/dev/urandom"),
    "random device": lambda _path: Path("/dev/random"),
    "null device": lambda _path: Path("/dev/null"),
    "full device": lambda _path: Path("/dev/full"),
    "pipe": _pipe,
    "folder": _folder,
    "socket": _socket,
    "link to a device": _link_to("/dev/zero"),
    "link to a pipe": _link_to_pipe,
    "link to a folder": _link_to("/"),
}
COMMANDS: Final[dict[str, tuple[str, ...]]] = {
    "import members": ("import", "members", "FILE"),
    "import purchases": ("import", "purchases", "FILE"),
    "import offers": ("import", "offers", "FILE"),
    "calls": ("calls", "FILE"),
    "check": ("check", "FILE"),
    "plan": ("plan", "FILE"),
}


def refused(viesti: Shell, *arguments: str) -> str:
    """Run a command, which has to end by itself with a problem; return its message."""
    with time_limit(SECONDS):
        message = viesti(*arguments, code=1).err
    assert "Traceback" not in message
    return message


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Interrupt what reads or waits for longer, inside one call of the operating system, too."""

    def interrupt(_signal: int, _frame: object) -> None:
        raise TimeoutError(f"it still reads after {seconds} seconds")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.hostile
@pytest.mark.parametrize("kind", NO_FILES)
def test_db_restore_refuses_at_once(viesti: Shell, tmp_path: Path, kind: str) -> None:
    path = NO_FILES[kind](tmp_path / "backup")
    message = refused(viesti, "db", "restore", str(path))
    assert f"{path}: this is a" in message
    assert "[not_a_file]" in message


@pytest.mark.hostile
@pytest.mark.parametrize("kind", ["endless zeros", "pipe", "folder"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_refuses_what_is_no_file(viesti: Shell, tmp_path: Path, command: str, kind: str) -> None:
    path = NO_FILES[kind](tmp_path / "given.yaml")
    message = refused(viesti, *(str(path) if word == "FILE" else word for word in COMMANDS[command]))
    unnamed = command == "plan" and kind == "endless zeros"  # a path without `.yaml` is taken for a name
    assert ("[unknown_campaign]" if unnamed else "and a file is needed [not_a_file]") in message
    assert "try: " in message


@pytest.mark.hostile
@pytest.mark.parametrize("target", ["/dev/zero", "/dev/full", "pipe"])
def test_ledger_copy_refuses_what_is_no_database(viesti: Shell, tmp_path: Path, target: str) -> None:
    path = _pipe(tmp_path / target) if target == "pipe" else Path(target)
    mode = path.stat().st_mode
    assert "[not_a_file]" in refused(viesti, "ledger", "copy", "--to", f"sqlite:///{path}")
    assert path.stat().st_mode == mode


def _not_sqlite(path: Path, _whole: Path) -> None:
    path.write_bytes(b"hello" * 100)


def _short(path: Path, _whole: Path) -> None:
    path.write_bytes(b"SQLite format 3\0")


def _half(path: Path, whole: Path) -> None:
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])


def _half_a_page(path: Path, whole: Path) -> None:
    path.write_bytes(whole.read_bytes()[: -_PAGE // 2])


def _huge_and_sparse(path: Path, _whole: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 42)


def _huge_with_the_head_of_a_backup(path: Path, whole: Path) -> None:
    path.write_bytes(whole.read_bytes())
    os.truncate(path, 1 << 42)


def _huge_by_its_own_head(path: Path, whole: Path) -> None:
    pages = (1 << 42) // _PAGE
    content = bytearray(whole.read_bytes())
    content[28:32] = pages.to_bytes(4, "big")
    path.write_bytes(content)
    os.truncate(path, 1 << 42)


def _noise(path: Path, whole: Path) -> None:
    path.write_bytes(whole.read_bytes()[:_PAGE] + os.urandom(whole.stat().st_size - _PAGE))


BROKEN: Final[dict[str, tuple[Callable[[Path, Path], None], str]]] = {
    "empty": (lambda path, _whole: path.touch(), "no_backup"),
    "no database": (_not_sqlite, "no_backup"),
    "only the first words": (_short, "no_backup"),
    "cut off in the middle": (_half, "cut_off"),
    "cut off within a page": (_half_a_page, "cut_off"),
    "huge and sparse": (_huge_and_sparse, "no_backup"),
    "huge with the head of a backup": (_huge_with_the_head_of_a_backup, "cut_off"),
    "huge by its own head": (_huge_by_its_own_head, "disk_full"),
    "noise behind the head": (_noise, "no_backup"),
}


@pytest.mark.hostile
@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_backup_is_refused_and_nothing_is_restored(viesti: Shell, tmp_path: Path, kind: str) -> None:
    whole, broken = tmp_path / "whole.sqlite", tmp_path / "broken.sqlite"
    viesti("db", "backup", whole)
    make, code = BROKEN[kind]
    make(broken, whole)
    shutil.rmtree(viesti.root / "data")
    assert f"[{code}]" in refused(viesti, "db", "restore", str(broken))
    assert viesti("status", "--json").json == []


@pytest.mark.hostile
@pytest.mark.parametrize("folder", ["campaigns", "audiences"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "link to a device"])
def test_check_refuses_a_campaign_or_audience_that_is_no_file(viesti: Shell, folder: str, kind: str) -> None:
    path = NO_FILES[kind](viesti.root / "config" / folder / "trap.yaml")
    if folder == "audiences":
        viesti.write("hi", MONDAYS.replace("{register: owners}", "trap"))
    message = refused(viesti, "check")
    assert f"{path}: this is a" in message


@pytest.mark.hostile
@pytest.mark.parametrize("name", ["offers.yaml", "catalogue.yaml", "reviewed_categories.csv"])
def test_check_refuses_configuration_that_is_a_pipe(viesti: Shell, name: str) -> None:
    path = viesti.root / "config" / name
    path.unlink()
    _pipe(path)
    viesti.write("hi", MONDAYS.replace("email: hello", "email: offers"))
    assert f"{path}: this is a pipe" in refused(viesti, "check")


@pytest.mark.hostile
@pytest.mark.parametrize(
    ("content", "problem"),
    [("x" * 200_000 + ",b,2018-01-01,c\n", ":2:1: a field is longer"), ("x\n" * 9_000_000, ": this file is larger")],
    ids=["field", "file"],
)
def test_check_refuses_reviewed_categories_without_an_end(viesti: Shell, content: str, problem: str) -> None:
    path = viesti.root / "config" / "reviewed_categories.csv"
    path.write_text(f"column,value,date,name\n{content}", "utf-8")
    assert f"{path}{problem}" in refused(viesti, "check")


@pytest.mark.hostile
def test_check_does_not_wait_for_a_pipe_among_templates(viesti: Shell) -> None:
    _pipe(viesti.root / "templates" / "email" / "hello" / "picture.txt")
    viesti.write("hi", MONDAYS)
    with time_limit(SECONDS):
        assert "in order" in viesti("check").out


@pytest.mark.hostile
def test_an_import_of_a_line_without_end_is_refused(viesti: Shell, tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    path.write_bytes(b"member_id,register\n")
    os.truncate(path, 1 << 40)
    assert "[line_too_long]" in refused(viesti, "import", "members", str(path))


@pytest.mark.hostile
def test_a_price_feed_without_end_is_refused(viesti: Shell, tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.touch()
    os.truncate(path, 1 << 40)
    assert "[too_large]" in refused(viesti, "import", "offers", str(path))
