"""A provider that takes nothing: it is asked by one message at a time, ever more rarely, until it takes one."""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from campaigns.channels.outcome import Accepted, Outcome, Refused, TryLater, Unknown

_LOG: Final = logging.getLogger("viesti")

MANY: Final = 32
"""So many answers in a row that settle nothing are no chance: where every second fails, once in four billion."""

_FIRST: Final = timedelta(seconds=0.25)
_LONGEST: Final = timedelta(minutes=1)


@dataclass
class Outage:
    """What one process has heard last from one provider, whichever runs it was about.

    A provider that fails would make every message of a run uncertain, and one that is not there would be asked as fast
    as the processor can. So after MANY such answers in a row only one message goes to it, after a quarter of a second,
    a half, one, … at most a minute. The first that it takes, or refuses for what it is, ends that. `again_at` is the
    moment of the next; None: as many as anybody likes.
    """

    provider: object
    again_at: datetime | None = field(default=None, init=False)
    _in_a_row: int = field(default=0, init=False)
    _pause: timedelta = field(default=_FIRST, init=False)

    def hear(self, outcome: Outcome, now: datetime) -> None:
        """Take note of what the provider just answered."""
        self._in_a_row = 0 if _speaks_of_its_message(outcome) else self._in_a_row + 1
        if not self._in_a_row:
            self._end()
        elif self._in_a_row == MANY:
            self.again_at = now + self._pause
            _LOG.warning("%s takes nothing: it is asked by one message at a time until it does", self._name)

    def let(self, wanted: int, now: datetime) -> int:
        """How many of `wanted` messages may go now. Say how many of them went."""
        again_at = self.again_at  # what is heard meanwhile, in another thread, counts from the next time on
        if again_at is None:
            return wanted
        is_waiting = timedelta() < again_at - now <= self._pause  # it is not where the clock was put back
        return 0 if is_waiting else min(wanted, 1)

    def went(self, messages: int, now: datetime) -> None:
        """Put the next message off, where one has gone in an outage."""
        if messages and self.again_at is not None:
            self._pause = min(self._pause * 2, _LONGEST)
            self.again_at = now + self._pause

    def _end(self) -> None:
        if self.again_at is not None:
            self.again_at, self._pause = None, _FIRST
            _LOG.warning("%s takes messages again", self._name)

    @property
    def _name(self) -> str:
        return type(self.provider).__name__


@dataclass
class Outages:
    """The outages of a process's providers: they outlast the runs that met them, and the gates of these."""

    _known: dict[int, Outage] = field(default_factory=dict, init=False)

    def of(self, provider: object) -> Outage:
        """What was heard from a provider, whom nobody else is taken for while it is kept."""
        return self._known.setdefault(id(provider), Outage(provider))


def _speaks_of_its_message(outcome: Outcome) -> bool:
    """Whether an answer is about its own message, and so says that somebody is there."""
    match outcome:
        case Accepted() | Refused():
            return True
        case TryLater():
            return outcome.alone
        case Unknown():
            return False
