"""Ledger writer of an event loop: write transactions run one after the other on a thread."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy import Connection

from campaigns.store.ledger.connection import Ledger

_T = TypeVar("_T")


class LedgerWriter:
    """Writer with one thread for write transactions; use as `async with`."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True)

    async def write(self, work: Callable[[Connection], _T]) -> _T:
        """Run `work` in one write transaction and return its result after the commit."""

        def transaction() -> _T:
            with self._ledger.write() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._thread, transaction)
