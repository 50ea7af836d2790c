"""One function in a child process, whose exit releases all the memory that it took."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import BinaryIO, ParamSpec, TypeVar

from campaigns.core.errors import Problem, UserError

_T = TypeVar("_T")
_P = ParamSpec("_P")


def run_in_child_process(work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Run `work` in a child process and return its result; function, arguments and result must be picklable.

    Raise UserError as `work` does, CalledProcessError when the child was killed or failed otherwise.
    """
    request = pickle.dumps((work, args, kwargs))
    command = (sys.executable, "-m", __spec__.name)
    child = subprocess.run(command, input=request, stdout=subprocess.PIPE, check=True)  # noqa: S603 - a fixed command
    value, problems = pickle.loads(child.stdout)  # noqa: S301 - from our own child process
    if problems:
        raise UserError(problems)
    result: _T = value
    return result


def _serve(request: BinaryIO, response: BinaryIO) -> None:
    """Run the requested function once in the child process and write its result."""
    work, args, kwargs = pickle.load(request)  # noqa: S301 - from our own parent process
    result: tuple[object, tuple[Problem, ...]]
    try:
        result = (work(*args, **kwargs), ())
    except UserError as error:
        result = (None, error.problems)
    pickle.dump(result, response)


if __name__ == "__main__":
    with os.fdopen(os.dup(1), "wb") as response:
        os.dup2(2, 1)  # printed text goes to standard error, not into the response
        _serve(sys.stdin.buffer, response)
