"""The breaker: a campaign that too many complain of, or that a provider does not take any more, sends nothing more.

It touches no member: what waits goes on waiting until somebody resumes the run, or cancels it.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection

from campaigns.channels.bounces import PROVIDER as UNSIGNED
from campaigns.channels.events import EventWord
from campaigns.channels.smtp_status import HALTING
from campaigns.core.model.settings import BreakerSettings
from campaigns.runs.engine import Engine
from campaigns.store.people import audit
from campaigns.store.runs import halts, runs
from campaigns.store.runs.halts import Told
from campaigns.store.runs.states import RunState

ACTOR: Final = "breaker"
_LOG: Final = logging.getLogger("viesti")
_LOOKED_AT: Final = timedelta(days=7)
_SEVERAL: Final = 5
"""Reports by mail are signed by nobody. Each names a delivery of ours by a name that its reader knows, who could have
written it: so many readers have to have got one, before any of theirs counts."""


@dataclass(frozen=True, slots=True)
class _Measure:
    """Something told of messages, in words for people, and the share of them from which it is too much."""

    word: EventWord
    name: str
    limit: Decimal


@dataclass
class Breaker:
    """The breaker of one process. What it counted before is kept, so that nothing is counted anew that did not grow."""

    engine: Engine
    _seen: dict[tuple[str, str, str], int] = field(default_factory=dict, init=False)

    def look(self) -> list[str]:
        """Halt the campaigns that have to be; returns their names. Killed halfway, the next look goes on."""
        with self.engine.ledger.read() as connection:
            sending = {run.campaign for run in runs.in_state(connection, RunState.SENDING)}
            reasons = {campaign: self._why(connection, campaign) for campaign in sorted(sending)}
        return [campaign for campaign, why in reasons.items() if why is not None and self._halt(campaign, why)]

    def _why(self, connection: Connection, campaign: str) -> str | None:
        """Why a campaign has to be halted, from what was told of its last week since it was halted before."""
        numbers = halts.of_campaign(connection, campaign, self.engine.clock.now() - _LOOKED_AT)
        after = halts.last(connection, campaign)
        if _is_shut_out(halts.refusals(connection, numbers, HALTING, after)):
            return f"mail is refused with {HALTING[0]}: are SPF, DKIM and DMARC of the sender right?"
        for measure in _measures(self.engine.library.settings.breaker):
            grievances = halts.grievances(connection, numbers, measure.word, UNSIGNED, after)
            for channel, told in ((channel, _believed(each)) for channel, each in grievances.items()):
                about = (campaign, channel, measure.word.value)
                if told <= measure.limit * self._minimum or told == self._seen.get(about):
                    continue  # too little, or no more than before: the messages, perhaps millions, are not counted
                gone = halts.gone(connection, numbers, channel, after)
                if gone < self._minimum:
                    continue
                if told > measure.limit * gone:
                    return f"{measure.name}: {told} of {gone} messages by {channel}"
                self._seen[about] = told
        return None

    @property
    def _minimum(self) -> int:
        return self.engine.library.settings.breaker.after

    def _halt(self, campaign: str, why: str) -> bool:
        now = self.engine.clock.now()
        with self.engine.ledger.write() as connection:
            paused = list(_paused(connection, campaign, why, now))
            if paused:
                halts.halt(connection, campaign, why, now)
        for run_id in paused:
            _LOG.error("%s: paused, %s", run_id, why)
        return bool(paused)


def _believed(told: Told) -> int:
    """How many messages something was told of, so far as no few readers can have made it up: each counts once."""
    return told.signed + (told.readers if told.readers >= _SEVERAL else 0)


def _is_shut_out(refusals: Mapping[str, int]) -> bool:
    """Whether a provider who signs what it says has told that we are refused, or the mail of several members did."""
    signed = set(refusals) - {UNSIGNED}
    return bool(signed) or refusals.get(UNSIGNED, 0) >= _SEVERAL


def _measures(limits: BreakerSettings) -> tuple[_Measure, ...]:
    return (
        _Measure(EventWord.COMPLAINED, "complaints", limits.complaints),
        _Measure(EventWord.BOUNCED, "hard bounces", limits.hard_bounces),
    )


def _paused(connection: Connection, campaign: str, why: str, now: datetime) -> Iterator[str]:
    """Pause what of a campaign is sending, each run with its row in the audit log."""
    for run in runs.in_state(connection, RunState.SENDING):
        if run.campaign == campaign and runs.move(
            connection, run.number or 0, [RunState.SENDING], RunState.PAUSED, reason=why
        ):
            audit.note(connection, now, ACTOR, "pause", run.run_id, {"why": why})
            yield run.run_id
