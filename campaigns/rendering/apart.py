"""Many pages drawn by a process of its own, which ends with them.

Typst remembers about a megabyte of every letter that it draws, and it is this process alone that gives that back: a
process that sends stays as small as it was.
"""

import pickle
import subprocess
import sys
from datetime import datetime
from typing import Any, BinaryIO

from campaigns.errors import AuthorError, Problem
from campaigns.rendering.typesetting import Sheets


def draw_apart(sheets: Sheets, created_at: datetime, query: str) -> tuple[bytes, Any]:
    """The pages as PDF and what `query` says of them, as by `sheets` itself.

    AuthorError for what Typst refuses; CalledProcessError when the other process was killed, and nothing is left of it.
    """
    asked = pickle.dumps((sheets, created_at, query))
    command = (sys.executable, "-m", __spec__.name)
    answered = subprocess.run(command, input=asked, stdout=subprocess.PIPE, check=True)  # noqa: S603 - ours alone
    drawn, problems = pickle.loads(answered.stdout)  # noqa: S301 - from the process that we began
    if problems:
        raise AuthorError(problems)
    pdf, said = drawn
    return pdf, said


def _answer(asked: BinaryIO, answered: BinaryIO) -> None:
    """The other process: draw what is asked for once."""
    sheets, created_at, query = pickle.load(asked)  # noqa: S301 - from the process that began this one
    told: tuple[object, tuple[Problem, ...]]
    try:
        told = ((sheets.pdf(created_at), sheets.ask(query)), ())
    except AuthorError as error:
        told = (None, error.problems)
    pickle.dump(told, answered)


if __name__ == "__main__":
    _answer(sys.stdin.buffer, sys.stdout.buffer)
