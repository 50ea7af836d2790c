"""Event loop of sending processes: uvloop (libuv, faster) where it is installed."""

import asyncio
from collections.abc import Callable, Coroutine
from importlib.util import find_spec
from typing import Any, TypeVar

_T = TypeVar("_T")


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return the constructor of the event loop."""
    if find_spec("uvloop") is None:  # uvloop does not exist for Windows
        return asyncio.new_event_loop
    from uvloop import new_event_loop

    return new_event_loop


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """Run `work` in its own event loop, as `asyncio.run` does, and return its result."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(work)
