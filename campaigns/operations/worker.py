"""The runs that one process sends, side by side: what `viesti worker` does, and `viesti serve` beside its rounds."""

import logging
import signal
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from typing import Final

from sqlalchemy.exc import DBAPIError

from campaigns.channels.outcome import ChannelMisconfigured
from campaigns.channels.provider import BundleBroken
from campaigns.core import event_loop
from campaigns.core.errors import AuthorError
from campaigns.core.logging_setup import Once
from campaigns.core.model.enums import BUNDLED, Channel
from campaigns.runs.dispatch.dispatcher import under_way
from campaigns.runs.dispatch.run_sender import Sent
from campaigns.runs.dispatch.send_pool import Gate
from campaigns.runs.engine import Engine
from campaigns.runs.planning.shared_run_files import agree_on_key

_LOG: Final = logging.getLogger("viesti")


class _Stopped(Exception):  # noqa: N818 - nothing is wrong
    """The process is to end: sending stops between two claims."""


@dataclass(frozen=True)
class Outgoing:
    """Sends what may go of every run under way, in some channels or all.

    What one run's author has to put right is logged and holds up no other. Once `stopping` is set nothing more is
    claimed; what is under way ends and is recorded.
    """

    engine: Engine
    stopping: Event = field(default_factory=Event)
    channels: Collection[Channel] = tuple(Channel)
    troubles: Once = field(default_factory=lambda: Once(_LOG), repr=False)

    @classmethod
    def of_worker(cls, engine: Engine) -> "Outgoing":
        """What a worker sends. On a machine of its own it hands over no bundles: they are files beside the server."""
        return cls(engine, channels=[each for each in Channel if not (engine.has_workers and each in BUNDLED)])

    def until_told(self) -> None:
        """Work as `viesti worker` does: until SIGINT or SIGTERM, and then to the end of what is under way.

        AuthorError when this machine could not send what others have planned.
        """
        if self.engine.has_workers:
            agree_on_key(self.engine.ledger, self.engine.signer)
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, lambda _signal, _frame: self.stopping.set())
        self.work()

    def round(self) -> None:
        """Send all that may go now, in this process, and return when everything rests."""
        event_loop.run(self._round())

    def submit(self) -> None:
        """Say of every run under way that it is; look after what others have left lying."""
        for run_id in under_way(self.engine.ledger, self.engine.clock.now()):
            self.engine.dispatcher.submit(run_id)

    def work(self) -> None:
        """Send what is submitted and what the ledger says is under way, until `stopping` is set."""
        event_loop.run(self._work())

    async def _round(self) -> None:
        async with self.engine.gate() as gate:
            await self.engine.embedded.round(partial(self._send, gate), self.stopping)

    async def _work(self) -> None:
        async with self.engine.gate() as gate:
            await self.engine.dispatcher.work(partial(self._send, gate), self.stopping)

    async def _send(self, gate: Gate, run_id: str) -> Sent | None:
        try:
            sent = await self.engine.sending(gate, run_id, self._step, self.channels)
        except _Stopped:
            return None
        except (AuthorError, ChannelMisconfigured, BundleBroken) as error:
            self.troubles.wrong(run_id, error)
            return None
        except DBAPIError as error:  # the ledger is away or has no room: it is asked again
            self.troubles.wrong(run_id, f"the ledger does not answer: {type(error.orig).__name__}")
            return None
        self.troubles.well(run_id)
        return sent

    def _step(self, _ended: int) -> None:
        if self.stopping.is_set():
            raise _Stopped
