"""Worker that sends runs concurrently in one process: for `viesti worker`, and in the background of `viesti serve`."""

import logging
import signal
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from typing import Final

from sqlalchemy.exc import DBAPIError

from campaigns.channels.outcome import ChannelMisconfiguredError
from campaigns.channels.provider import BrokenBundleError
from campaigns.core import event_loop
from campaigns.core.errors import UserError
from campaigns.core.logging_setup import LogOnce
from campaigns.core.model.enums import BUNDLED_CHANNELS, Channel
from campaigns.runs.dispatch.dispatcher import runs_under_way
from campaigns.runs.dispatch.run_sender import SendResult
from campaigns.runs.dispatch.send_pool import SendPool
from campaigns.runs.engine import Engine
from campaigns.runs.planning.shared_run_files import require_same_key

_LOG: Final = logging.getLogger("viesti")


class _StopRequestedError(Exception):
    """Request to end the process: sending stops between two claims."""


@dataclass(frozen=True)
class Worker:
    """Worker that sends what may go now of all runs under way, in some channels or all.

    An error in one run is logged for its author and delays no other run. Once `stopping` is set, nothing more is
    claimed; messages in flight end and are recorded.
    """

    engine: Engine
    stopping: Event = field(default_factory=Event)
    channels: Collection[Channel] = tuple(Channel)
    error_log: LogOnce = field(default_factory=lambda: LogOnce(_LOG), repr=False)

    @classmethod
    def for_worker_command(cls, engine: Engine) -> "Worker":
        """Return the worker of `viesti worker`.

        With workers on several machines it hands over no bundles: they are files of the server's machine.
        """
        return cls(
            engine,
            channels=[
                channel for channel in Channel if not (engine.context.has_workers and channel in BUNDLED_CHANNELS)
            ],
        )

    def run_until_signalled(self) -> None:
        """Run until SIGINT or SIGTERM, then finish messages in flight.

        Raise UserError if this machine's signing key is not the ledger's: it could not send what others have planned.
        """
        if self.engine.context.has_workers:
            require_same_key(self.engine.context.ledger, self.engine.context.signer)
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signal_number, lambda _signal, _frame: self.stopping.set())
        self.run()

    def send_all(self) -> None:
        """Send all that may go now, in this process, and return when every run has to wait."""
        event_loop.run(self._round())

    def submit_runs(self) -> None:
        """Submit all runs under way to the workers; clean up after dead processes."""
        for run_id in runs_under_way(self.engine.context.ledger, self.engine.context.clock.now()):
            self.engine.dispatcher.submit(run_id)

    def run(self) -> None:
        """Send submitted runs and runs under way in the ledger, until `stopping` is set."""
        event_loop.run(self._work())

    async def _round(self) -> None:
        async with self.engine.sender.open_send_pool() as pool:
            await self.engine.embedded_dispatcher.send_all(partial(self._send, pool), self.stopping)

    async def _work(self) -> None:
        async with self.engine.sender.open_send_pool() as pool:
            await self.engine.dispatcher.work(partial(self._send, pool), self.stopping)

    async def _send(self, pool: SendPool, run_id: str) -> SendResult | None:
        try:
            sent = await self.engine.sender.send_channels(pool, run_id, self._stop_if_requested, self.channels)
        except _StopRequestedError:
            return None
        except (UserError, ChannelMisconfiguredError, BrokenBundleError) as error:
            self.error_log.error(run_id, error)
            return None
        except DBAPIError as error:  # the ledger cannot be reached or is full: try again later
            self.error_log.error(run_id, f"the ledger does not answer: {type(error.orig).__name__}")
            return None
        self.error_log.ok(run_id)
        return sent

    def _stop_if_requested(self, _ended: int) -> None:
        if self.stopping.is_set():
            raise _StopRequestedError
