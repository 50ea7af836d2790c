"""Half-open circuit breaker for a failing provider: single messages at growing intervals until one is taken."""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from campaigns.channels.outcome import Accepted, Outcome, Refused, RetryLater, Unknown

_LOG: Final = logging.getLogger("viesti")

FAILURE_THRESHOLD: Final = 32
"""Failures in a row that count as an outage; if every second message fails, chance is one in four billion."""

_FIRST_DELAY: Final = timedelta(seconds=0.25)
_MAX_DELAY: Final = timedelta(minutes=1)


@dataclass
class ProviderOutage:
    """State of one provider as seen by one process, over all runs.

    A failing provider would make every message of a run uncertain, and an absent one would be called as fast as the
    processor allows. After FAILURE_THRESHOLD such answers in a row, only single messages go to it, after a quarter of a
    second, a half, one, … at most a minute. The first message that it accepts, or refuses for its content, ends the
    outage. `retry_at` is the time of the next message; None means no outage.
    """

    provider: object
    retry_at: datetime | None = field(default=None, init=False)
    _failures_in_a_row: int = field(default=0, init=False)
    _delay: timedelta = field(default=_FIRST_DELAY, init=False)

    def record_outcome(self, outcome: Outcome, now: datetime) -> None:
        """Count an answer of the provider; start or end an outage."""
        self._failures_in_a_row = 0 if _is_provider_alive(outcome) else self._failures_in_a_row + 1
        if not self._failures_in_a_row:
            self._end()
        elif self._failures_in_a_row == FAILURE_THRESHOLD:
            self.retry_at = now + self._delay
            _LOG.warning("%s accepts no messages: sending one at a time until it does", self._name)

    def available(self, wanted: int, now: datetime) -> int:
        """Return how many of `wanted` messages may go now. Call `record_sent` with the number that went."""
        retry_at = self.retry_at  # answers that arrive meanwhile in another thread count from the next call on
        if retry_at is None:
            return wanted
        is_waiting = timedelta() < retry_at - now <= self._delay  # false if the clock was set back
        return 0 if is_waiting else min(wanted, 1)

    def record_sent(self, messages: int, now: datetime) -> None:
        """Double the delay before the next message if one was sent during an outage."""
        if messages and self.retry_at is not None:
            self._delay = min(self._delay * 2, _MAX_DELAY)
            self.retry_at = now + self._delay

    def _end(self) -> None:
        if self.retry_at is not None:
            self.retry_at, self._delay = None, _FIRST_DELAY
            _LOG.warning("%s accepts messages again", self._name)

    @property
    def _name(self) -> str:
        return type(self.provider).__name__


@dataclass
class ProviderOutages:
    """Outages of a process's providers; they outlive runs and send pools."""

    _outages: dict[int, ProviderOutage] = field(default_factory=dict, init=False)

    def outage_of(self, provider: object) -> ProviderOutage:
        """Return the outage state of a provider; it keeps the provider alive, so that its id is not reused."""
        return self._outages.setdefault(id(provider), ProviderOutage(provider))


def _is_provider_alive(outcome: Outcome) -> bool:
    """Return whether an answer is about its own message, so that the provider must be working."""
    match outcome:
        case Accepted() | Refused():
            return True
        case RetryLater():
            return outcome.this_message_only
        case Unknown():
            return False
