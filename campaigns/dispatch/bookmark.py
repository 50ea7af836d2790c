"""Where the next claim of a channel begins: behind what was looked at last."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from campaigns.dispatch.claim import Claim

_LOOK_BACK: Final = timedelta(seconds=10)


@dataclass
class Bookmark:
    """One process's place in the claim order of a run's channel.

    PostgreSQL keeps what was claimed in the index of what waits until no transaction is older: a backup, or the plan
    of another run. A claim from the beginning would walk through all of that. What is put back waits before the
    bookmark; it is returned to every 10 seconds, and when nothing is left behind it.
    """

    position: int = 0
    _returned_at: datetime | None = field(default=None, init=False)

    def begin(self, now: datetime) -> int:
        """The position after which to claim."""
        if self._returned_at is None or now - self._returned_at >= _LOOK_BACK:
            self.position, self._returned_at = 0, now
        return self.position

    def move(self, claim: Claim, most: int) -> bool:
        """Go behind a claim of at most so many; whether anything may be left to claim now."""
        is_full, began_at_start = claim.found >= most, self.position == 0
        self.position = claim.last if is_full else 0
        return is_full or not began_at_start
