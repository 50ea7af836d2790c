"""One function in a child process, whose exit releases all the memory that it took; limits may stop it before."""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, Final, ParamSpec, TypeVar

from campaigns.core.errors import Problem, UserError

_T = TypeVar("_T")
_P = ParamSpec("_P")

_OUT_OF_MEMORY: Final = 75
_LIMIT_SIGNALS: Final = frozenset(
    -number for number in (signal.SIGABRT, signal.SIGBUS, signal.SIGKILL, signal.SIGSEGV, signal.SIGXCPU)
)


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """Limits of a child process: bytes of memory, seconds on a processor, and seconds on the clock."""

    memory: int
    cpu_seconds: int
    seconds: float


class ChildLimitError(Exception):
    """Raised when a child process was stopped because it exceeded its limits."""


def run_in_child_process(work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Run `work` in a child process and return its result; function, arguments and result must be picklable.

    Raise UserError as `work` does, CalledProcessError when the child was killed or failed otherwise.
    """
    return _result(_run(pickle.dumps((work, args, kwargs)), ()))


def run_in_bounded_child_process(
    limits: ChildLimits, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
) -> _T:
    """Run `work` as `run_in_child_process` does; raise ChildLimitError when it needs more than `limits`."""
    request = pickle.dumps((work, args, kwargs))
    try:
        return _result(_run(request, (str(limits.memory), str(limits.cpu_seconds)), limits.seconds))
    except subprocess.TimeoutExpired as error:
        raise ChildLimitError from error
    except subprocess.CalledProcessError as error:
        if error.returncode == _OUT_OF_MEMORY or error.returncode in _LIMIT_SIGNALS:
            raise ChildLimitError from error
        sys.stderr.write(error.stderr.decode(errors="replace"))
        raise


def _run(request: bytes, limits: tuple[str, ...], seconds: float | None = None) -> bytes:
    errors = subprocess.PIPE if limits else None  # a child that dies at its limit tells so in words of its own
    command = (sys.executable, "-m", __spec__.name, *limits)
    child = subprocess.run(  # noqa: S603 - a fixed command
        command, input=request, stdout=subprocess.PIPE, stderr=errors, timeout=seconds, check=True
    )
    return child.stdout


def _result(response: bytes) -> _T:  # type: ignore[type-var]  # the caller knows what its function returns
    value, problems = pickle.loads(response)  # noqa: S301 - from our own child process
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
    except MemoryError:
        sys.exit(_OUT_OF_MEMORY)
    pickle.dump(result, response)


def _limit(memory: int, cpu_seconds: int) -> None:
    """Let the system refuse this process more memory, end it after its time, and write no core file."""
    import resource  # not on every system that could read this module

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ValueError):  # macOS has no limit of memory; there the time has to do
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _limit(int(sys.argv[1]), int(sys.argv[2]))
    with os.fdopen(os.dup(1), "wb") as response:
        os.dup2(2, 1)  # printed text goes to standard error, not into the response
        _serve(sys.stdin.buffer, response)
