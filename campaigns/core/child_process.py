"""One piece of work done by a process of its own, which with its end gives back all the memory that it took."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import BinaryIO, ParamSpec, TypeVar

from campaigns.core.errors import AuthorError, Problem

_T = TypeVar("_T")
_P = ParamSpec("_P")


def apart(work: Callable[_P, _T], *given: _P.args, **named: _P.kwargs) -> _T:
    """What `work` returns; it, what it is given and what it returns are picklable.

    AuthorError as by `work` itself; CalledProcessError when the other process was killed, or failed in another way.
    """
    asked = pickle.dumps((work, given, named))
    command = (sys.executable, "-m", __spec__.name)
    answered = subprocess.run(command, input=asked, stdout=subprocess.PIPE, check=True)  # noqa: S603 - ours alone
    returned, problems = pickle.loads(answered.stdout)  # noqa: S301 - from the process that we began
    if problems:
        raise AuthorError(problems)
    done: _T = returned
    return done


def _answer(asked: BinaryIO, answered: BinaryIO) -> None:
    """The other process: do once what is asked for."""
    work, given, named = pickle.load(asked)  # noqa: S301 - from the process that began this one
    told: tuple[object, tuple[Problem, ...]]
    try:
        told = (work(*given, **named), ())
    except AuthorError as error:
        told = (None, error.problems)
    pickle.dump(told, answered)


if __name__ == "__main__":
    with os.fdopen(os.dup(1), "wb") as answering:
        os.dup2(2, 1)  # what anybody prints is no answer
        _answer(sys.stdin.buffer, answering)
