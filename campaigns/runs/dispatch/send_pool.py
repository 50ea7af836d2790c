"""Send pool shared by all runs of one process: ledger writer, open providers, slots for messages in flight."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from campaigns.channels.provider import MessageProvider, OutgoingEmail, OutgoingSms
from campaigns.runs.dispatch.ledger_writer import LedgerWriter
from campaigns.runs.dispatch.provider_outage import ProviderOutage, ProviderOutages
from campaigns.runs.dispatch.record_outcomes import DeliveryAnswer
from campaigns.store.ledger.connection import Ledger

EmailOrSmsProvider = MessageProvider[OutgoingEmail] | MessageProvider[OutgoingSms]


class SendPool:
    """Send pool of one event loop; use as `async with`.

    Limits the messages in flight over all runs: a crash may leave that many uncertain.
    """

    def __init__(self, ledger: Ledger, limit: int, outages: ProviderOutages) -> None:
        self.ledger = ledger
        self.writer = LedgerWriter(ledger)
        self._limit = limit
        self._slots: list[RunSlots] = []
        self._users: Counter[int] = Counter()
        self._outages = outages
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self.writer.__aenter__()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.writer.__aexit__(exc_type, error, trace)

    @asynccontextmanager
    async def open_slots(self, provider: EmailOrSmsProvider) -> "AsyncIterator[RunSlots]":
        """Open slots in the pool for the duration of the block, with the provider open.

        The first user opens the provider and the last one closes it. Raise ChannelMisconfiguredError if it cannot
        work.
        """
        async with self._lock:
            if not self._users[id(provider)]:
                await provider.open()
            self._users[id(provider)] += 1
        slots = RunSlots(self, self._outages.outage_of(provider))
        self._slots.append(slots)
        try:
            yield slots
        finally:
            self._slots.remove(slots)
            async with self._lock:
                self._users[id(provider)] -= 1
                if not self._users[id(provider)]:
                    await provider.close()

    @property
    def is_shared(self) -> bool:
        """Return whether more than one run or channel uses the pool."""
        return len(self._slots) > 1

    def free_slots(self, slots: "RunSlots") -> int:
        """Return how many more messages a run's channel may have in flight: a fair share, so that none delays another.

        A single user leaves an eighth of the pool free for others that start while its provider does not answer.
        """
        own = len(slots.in_flight)
        other_count = sum(len(other.in_flight) for other in self._slots) - own
        fair_share = max(self._limit // len(self._slots), 1)
        return max(min(fair_share, self._limit - self._limit // 8, self._limit - other_count) - own, 0)


@dataclass(eq=False)
class RunSlots:
    """Slots of one channel of one run, with its messages in flight."""

    pool: SendPool
    outage: ProviderOutage
    in_flight: set[asyncio.Task[DeliveryAnswer]] = field(default_factory=set)

    @property
    def free(self) -> int:
        """Return how many more messages may be in flight now."""
        return self.pool.free_slots(self)
