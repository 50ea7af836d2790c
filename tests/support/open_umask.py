"""Command lines of `viesti` in one child process under the umask 0, and the paths that others could read then."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_PROGRAM: Final = """
import json, os, sys
from contextlib import suppress
os.umask(0)
from campaigns.cli.main import run
for line in json.load(sys.stdin):
    with suppress(SystemExit):
        run(line)
from pathlib import Path
from audiences.access.one_time_codes import CodeAim, CodeRequest
from campaigns.core.model.enums import Channel
from campaigns.runs.engine import Engine
from campaigns.runs.notices import enqueue
from campaigns.workspace.paths import Workspace
engine = Engine.open(Workspace(Path(sys.argv[1])), "tester")
now = engine.context.clock.now()
with engine.context.ledger.write() as connection:
    for channel, address in ((Channel.EMAIL, "m01@example.org"), (Channel.SMS, "+358401230001")):
        request = CodeRequest("c" * 20 + channel.value, "m01", CodeAim.SIGN_IN, address)
        enqueue.code_requested(connection, request, channel, now)
engine.notice_sender.send_waiting()
os._exit(0)  # as if killed: the log beside the ledger stays
"""


def run_under_open_umask(root: Path, lines: Sequence[Sequence[str]]) -> str:
    """Run command lines one after the other, and send two one-time codes; return what was printed."""
    command = [sys.executable, "-c", _PROGRAM, str(root)]
    whole = json.dumps([["--workspace", str(root), *line] for line in lines])
    done = subprocess.run(command, input=whole, capture_output=True, text=True, check=False, cwd=root, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def shared_paths(path: Path, root: Path) -> list[tuple[str, str]]:
    """Return the path and its folders below `root` that others may read or enter, with their modes."""
    chain = [path, *(folder for folder in path.parents if folder.is_relative_to(root) and folder != root)]
    return [(str(each), oct(each.stat().st_mode)) for each in chain if each.stat().st_mode & 0o077]
