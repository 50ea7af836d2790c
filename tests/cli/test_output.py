"""Printed output: colour and progress on a terminal, plain lines in a pipe."""

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
def workspace_shell(viesti: Shell) -> Shell:
    """Shell in a workspace with a sent run."""
    viesti.write("letter", MONDAYS)
    viesti.audience("coffee", "{all: [{register: owners}, {bought: {where: {product_category: COFFEE}}}]}")
    viesti("run", "letter", "--as-of", "2018-01-01T10:00")
    return viesti


def run_on_terminal(shell: Shell, *arguments: str) -> str:
    """Return the output on a terminal of 80 columns, standard error included."""
    reader, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": str(WIDTH)}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen(
        [VIESTI, "--workspace", str(shell.root), *arguments],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment,
    ):
        os.close(terminal)
        output = b"".join(iter(lambda: _read_chunk(reader), b""))
    os.close(reader)
    return output.decode().replace("\r\n", "\n")


def _read_chunk(reader: int) -> bytes:
    try:
        return os.read(reader, 65_536)
    except OSError:  # Linux raises it when the other side has closed
        return b""


@pytest.mark.long
@pytest.mark.parametrize("command_line", COMMANDS)
def test_a_pipe_gets_plain_lines_without_trailing_spaces(
    command_line: str, workspace_shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    result = workspace_shell(*command_line.split())
    assert result.err == ""
    assert "\x1b" not in result.out
    assert [line for line in result.out.splitlines() if line != line.rstrip()] == []
    assert not result.out.startswith("\n")


@pytest.mark.long
def test_a_terminal_of_80_columns_gets_colour_and_fitting_lines(workspace_shell: Shell) -> None:
    output = run_on_terminal(workspace_shell, "plan", "letter", "--as-of", "2018-01-03")
    assert "\x1b[1m" in output
    lines = ESCAPES.sub("", output).replace("\r", "\n").splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert any(line.startswith("to be sent") for line in lines)


@pytest.mark.long
def test_progress_is_shown_on_a_terminal_only(workspace_shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "members.csv"
    file.write_text("member_id,register\n" + "".join(f"n{number},owners\n" for number in range(100)), "utf-8")
    assert "importing members.csv" in run_on_terminal(workspace_shell, "import", "members", str(file))
    result = workspace_shell("import", "members", file)
    assert result.err == ""
    assert result.out == "100 rows: 0 stored, 100 unchanged, 0 rejected\n"


KEYS = {
    "campaign": "purpose",
    "audience": "match",
    "offers": "offers",
    "settings": "organisation",
    "catalogue": "tables",
    "mapping": "columns",
}


@pytest.mark.parametrize("kind", KEYS)
def test_every_kind_of_file_has_a_schema_for_editors(kind: str, viesti: Shell) -> None:
    schema = viesti("schema", kind).json
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert KEYS[kind] in schema["properties"]
