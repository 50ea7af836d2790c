"""Circuit breaker: pauses a campaign after too many complaints or hard bounces, or when a provider rejects the sender.

No member is affected: deliveries wait until someone resumes the run or cancels it.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection

from campaigns.channels.bounces import SMTP_PROVIDER
from campaigns.channels.events import EventKind
from campaigns.channels.smtp_status import HALTING_CODES
from campaigns.core.model.settings import CircuitBreakerSettings
from campaigns.store.people import audit
from campaigns.store.runs import halts, runs
from campaigns.store.runs.halts import ReportCount
from campaigns.store.runs.states import RunState
from campaigns.workspace.context import Context

ACTOR: Final = "breaker"
_LOG: Final = logging.getLogger("viesti")
_WINDOW: Final = timedelta(days=7)
_MIN_READERS: Final = 5
"""Minimum number of readers before e-mail reports count.

These reports are unsigned: each names a delivery by a name that its recipient knows and could use to forge it.
"""


@dataclass(frozen=True, slots=True)
class _Measure:
    """Kind of event with its name for people, and its limit as a share of messages."""

    word: EventKind
    name: str
    limit: Decimal


@dataclass
class CircuitBreaker:
    """Circuit breaker of one process.

    It remembers earlier counts, so that messages are counted again only when a count grew.
    """

    context: Context
    _seen: dict[tuple[str, str, str], int] = field(default_factory=dict, init=False)

    def pause_campaigns(self) -> list[str]:
        """Pause campaigns over a limit; return their names. After a crash, the next call goes on."""
        with self.context.ledger.read() as connection:
            sending = {run.campaign for run in runs.with_state(connection, RunState.SENDING)}
            reasons = {campaign: self._why(connection, campaign) for campaign in sorted(sending)}
        return [campaign for campaign, reason in reasons.items() if reason is not None and self._halt(campaign, reason)]

    def _why(self, connection: Connection, campaign: str) -> str | None:
        """Return why a campaign has to be paused, from events of the last week since its last halt."""
        numbers = halts.run_numbers_of_campaign(connection, campaign, self.context.clock.now() - _WINDOW)
        after = halts.last_halted_at(connection, campaign)
        if _is_rejected(halts.blocked_member_counts(connection, numbers, HALTING_CODES, after)):
            return f"mail is refused with {HALTING_CODES[0]}: are SPF, DKIM and DMARC of the sender right?"
        for measure in _measures(self.context.repository.settings.breaker):
            reports = halts.report_counts(connection, numbers, measure.word, SMTP_PROVIDER, after)
            for channel, count in ((channel, _trusted_count(report)) for channel, report in reports.items()):
                key = (campaign, channel, measure.word.value)
                if count <= measure.limit * self._minimum or count == self._seen.get(key):
                    continue  # too few, or no growth: do not count messages, perhaps millions
                messages = halts.sent_count(connection, numbers, channel, after)
                if messages < self._minimum:
                    continue
                if count > measure.limit * messages:
                    return f"{measure.name}: {count} of {messages} messages by {channel}"
                self._seen[key] = count
        return None

    @property
    def _minimum(self) -> int:
        return self.context.repository.settings.breaker.after

    def _halt(self, campaign: str, reason: str) -> bool:
        now = self.context.clock.now()
        with self.context.ledger.write() as connection:
            paused = list(_paused(connection, campaign, reason, now))
            if paused:
                halts.record_halt(connection, campaign, reason, now)
        for run_id in paused:
            _LOG.error("%s: paused, %s", run_id, reason)
        return bool(paused)


def _trusted_count(report: ReportCount) -> int:
    """Return how many messages have an event, as far as a few readers cannot have forged it; each counts once."""
    return report.signed + (report.readers if report.readers >= _MIN_READERS else 0)


def _is_rejected(refusals: Mapping[str, int]) -> bool:
    """Return whether a signing provider reported that our sender is rejected, or several members' mail did."""
    signed = set(refusals) - {SMTP_PROVIDER}
    return bool(signed) or refusals.get(SMTP_PROVIDER, 0) >= _MIN_READERS


def _measures(limits: CircuitBreakerSettings) -> tuple[_Measure, ...]:
    return (
        _Measure(EventKind.COMPLAINED, "complaints", limits.complaints),
        _Measure(EventKind.BOUNCED, "hard bounces", limits.hard_bounces),
    )


def _paused(connection: Connection, campaign: str, reason: str, now: datetime) -> Iterator[str]:
    """Pause the campaign's sending runs, each with an audit log row; yield their names."""
    for run in runs.with_state(connection, RunState.SENDING):
        if run.campaign == campaign and runs.change_state(
            connection, run.number or 0, [RunState.SENDING], RunState.PAUSED, reason=reason
        ):
            audit.record(connection, now, ACTOR, "pause", run.run_id, {"why": reason})
            yield run.run_id
