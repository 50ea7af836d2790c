"""What all runs of one process share on their way out: the ledger's writer, open providers, and places under way."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from campaigns.channels.provider import MessageProvider, OutgoingEmail, OutgoingSms
from campaigns.runs.dispatch.ledger_writer import Writer
from campaigns.runs.dispatch.provider_outage import Outage, Outages
from campaigns.runs.dispatch.record_outcomes import Answer
from campaigns.store.ledger.connection import Ledger

Provider = MessageProvider[OutgoingEmail] | MessageProvider[OutgoingSms]


class Gate:
    """The gate of one event loop; use as `async with`.

    At most `places` messages are under way through it, whatever runs they are of: that many may a crash leave in doubt.
    """

    def __init__(self, ledger: Ledger, places: int, outages: Outages) -> None:
        self.ledger = ledger
        self.writer = Writer(ledger)
        self._places = places
        self._shares: list[Share] = []
        self._users: Counter[int] = Counter()
        self._outages = outages
        self._door = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self.writer.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.writer.__aexit__(kind, error, trace)

    @asynccontextmanager
    async def share(self, provider: Provider) -> "AsyncIterator[Share]":
        """A share in the places while the block lasts, and the provider open: by the first who needs it, till the last.

        Raises ChannelMisconfigured when the provider can never work.
        """
        async with self._door:
            if not self._users[id(provider)]:
                await provider.open()
            self._users[id(provider)] += 1
        share = Share(self, self._outages.of(provider))
        self._shares.append(share)
        try:
            yield share
        finally:
            self._shares.remove(share)
            async with self._door:
                self._users[id(provider)] -= 1
                if not self._users[id(provider)]:
                    await provider.close()

    @property
    def is_shared(self) -> bool:
        """Whether more than one run or channel goes through."""
        return len(self._shares) > 1

    def free_for(self, share: "Share") -> int:
        """How many more messages a share may have under way: an even part, so that a slow one holds up no other.

        One that is alone leaves an eighth for those who come while nobody answers it.
        """
        mine = len(share.under_way)
        others = sum(len(each.under_way) for each in self._shares) - mine
        even = max(self._places // len(self._shares), 1)
        return max(min(even, self._places - self._places // 8, self._places - others) - mine, 0)


@dataclass(eq=False)
class Share:
    """One channel of one run at the gate, with its messages under way."""

    gate: Gate
    outage: Outage
    under_way: set[asyncio.Task[Answer]] = field(default_factory=set)

    @property
    def free(self) -> int:
        """How many more may be under way now."""
        return self.gate.free_for(self)
