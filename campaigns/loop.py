"""The event loop of those who send: libuv's, which turns faster, wherever it is to be had."""

import asyncio
from collections.abc import Coroutine
from importlib.util import find_spec
from typing import Any, TypeVar

_T = TypeVar("_T")


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """The result of `work`, run in a loop of its own as by `asyncio.run`."""
    if find_spec("uvloop") is None:  # there is none for Windows
        return asyncio.run(work)
    from uvloop import new_event_loop

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work)
