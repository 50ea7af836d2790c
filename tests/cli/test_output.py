"""What is printed: colour and progress on a terminal, neither in a pipe, and lines that fit."""

import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.shell import MONDAYS, Shell
from tests.support.viesti_process import VIESTI

WIDTH = 80
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COMMANDS = (
    "status",
    "status letter-20180101T0800Z",
    "calendar",
    "plan letter --as-of 2018-01-02",
    "audience count coffee --explain --as-of 2017-12-10",
    "member show m01",
    "member why m01",
    "member why m01 --campaign letter",
    "holdout versions",
)


@pytest.fixture
def busy(viesti: Shell) -> Shell:
    """A village where something was sent."""
    viesti.write("letter", MONDAYS)
    viesti.audience("coffee", "{all: [{register: owners}, {bought: {where: {product_category: COFFEE}}}]}")
    viesti("run", "letter", "--as-of", "2018-01-01T10:00")
    return viesti


def on_a_terminal(shell: Shell, *words: str) -> str:
    """What a terminal of 80 columns is sent, standard error among it."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": str(WIDTH)}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen(
        [VIESTI, "--workspace", str(shell.root), *words], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ):
        os.close(theirs)
        sent = b"".join(iter(lambda: _more(ours), b""))
    os.close(ours)
    return sent.decode().replace("\r\n", "\n")


def _more(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # Linux says so when the other side has gone
        return b""


@pytest.mark.parametrize("typed", COMMANDS)
def test_a_pipe_gets_plain_lines_without_blanks_at_their_ends(
    typed: str, busy: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    said = busy(*typed.split())
    assert said.err == ""
    assert "\x1b" not in said.out
    assert [line for line in said.out.splitlines() if line != line.rstrip()] == []
    assert not said.out.startswith("\n")


def test_a_terminal_of_80_columns_gets_colour_and_lines_that_fit(busy: Shell) -> None:
    shown = on_a_terminal(busy, "plan", "letter", "--as-of", "2018-01-03")
    assert "\x1b[1m" in shown
    lines = ESCAPES.sub("", shown).replace("\r", "\n").splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert any(line.startswith("to be sent") for line in lines)


def test_long_work_shows_how_far_it_is_on_a_terminal_only(busy: Shell, tmp_path: Path) -> None:
    file = tmp_path / "members.csv"
    file.write_text("member_id,register\n" + "".join(f"n{number},owners\n" for number in range(100)), "utf-8")
    assert "importing members.csv" in on_a_terminal(busy, "import", "members", str(file))
    said = busy("import", "members", file)
    assert said.err == ""
    assert said.out == "100 rows: 0 stored, 100 unchanged, 0 rejected\n"


KEYS = {
    "campaign": "purpose",
    "audience": "match",
    "offers": "offers",
    "settings": "organisation",
    "catalogue": "tables",
}


@pytest.mark.parametrize("kind", KEYS)
def test_every_kind_of_file_has_a_schema_for_editors(kind: str, viesti: Shell) -> None:
    made = viesti("schema", kind).json
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert KEYS[kind] in made["properties"]
