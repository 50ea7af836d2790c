"""The event loop of those who send: libuv's, which turns faster, wherever it is to be had."""

import asyncio
from collections.abc import Callable, Coroutine
from importlib.util import find_spec
from typing import Any, TypeVar

_T = TypeVar("_T")


def factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes such a loop."""
    if find_spec("uvloop") is None:  # there is none for Windows
        return asyncio.new_event_loop
    from uvloop import new_event_loop

    return new_event_loop


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """The result of `work`, run in a loop of its own as by `asyncio.run`."""
    with asyncio.Runner(loop_factory=factory()) as runner:
        return runner.run(work)
