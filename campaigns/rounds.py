"""What the server does by itself, every second: take up what is due, plan it, start it, send what is under way."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from campaigns.channels.outcome import ChannelMisconfigured
from campaigns.dispatch.start import take_up
from campaigns.engine import Engine
from campaigns.errors import AuthorError
from campaigns.store import publications, runs
from campaigns.store.tables import Publication, Run
from campaigns.store.words import RunState

_LOG: Final = logging.getLogger("viesti")


@dataclass(frozen=True)
class Rounds:
    """The rounds of one process; several processes may make them over one ledger.

    What one campaign's author has to put right is logged and holds up no other.
    """

    engine: Engine

    def schedule(self) -> None:
        """Take up due occasions; plan and start those that were taken up, here or by a process that went silent."""
        now = self.engine.clock.now()
        with self.engine.ledger.read() as connection:
            due = publications.due(connection, now)
        for publication in due:
            self._guarded(publication.campaign, partial(self._take_up, publication))
        with self.engine.ledger.read() as connection:
            planned = [run for run in runs.in_state(connection, RunState.PLANNED) if run.scheduled]
            silent = [
                run for run in runs.in_state(connection, RunState.PLANNING) if run.scheduled and _silent(run, now)
            ]
        for run in silent:
            self._guarded(run.run_id, partial(self._plan, run))
        for run in planned:
            self._guarded(run.run_id, partial(self.engine.start, run))

    def dispatch(self) -> None:
        """Send what may go of every run under way."""
        with self.engine.ledger.read() as connection:
            sending = runs.in_state(connection, RunState.SENDING)
        for run in sending:
            self._guarded(run.run_id, partial(self.engine.send, run.run_id, _nobody))

    def _take_up(self, publication: Publication) -> None:
        draft, _ = self.engine.library.draft(publication.campaign)
        with self.engine.ledger.write() as connection:
            occasion = take_up(
                connection,
                publication,
                draft.campaign,
                draft.definition(),
                str(draft.file.resolve()),
                self.engine.clock.now(),
            )
        if occasion is not None and occasion.missed is not None:
            _LOG.warning("%s due at %s was not run: %s", publication.campaign, occasion.due_at, occasion.missed)
        elif occasion is not None:
            self.engine.plan(draft, occasion.due_at, _nobody, scheduled=True)

    def _plan(self, run: Run) -> None:
        draft, _ = self.engine.library.draft(run.file)
        self.engine.plan(draft, run.due_at, _nobody, scheduled=True)

    def _guarded(self, subject: str, work: Callable[[], object]) -> None:
        try:
            work()
        except (AuthorError, ChannelMisconfigured) as error:
            _LOG.error("%s: %s", subject, error)


def _silent(run: Run, now: datetime) -> bool:
    return run.lease_until is None or run.lease_until <= now


def _nobody(_step: int) -> None:
    """Hears progress where nobody watches."""
