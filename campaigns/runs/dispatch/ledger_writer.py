"""The one writer of a process, as seen from the event loop: transactions run one after the other, off the loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy import Connection

from campaigns.store.ledger.connection import Ledger

_T = TypeVar("_T")


class Writer:
    """Runs transactions of the ledger on a thread of its own; use as `async with`."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True)

    async def write(self, work: Callable[[Connection], _T]) -> _T:
        """Run `work` in one write transaction; its result is returned after the commit."""

        def transaction() -> _T:
            with self._ledger.write() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._thread, transaction)
