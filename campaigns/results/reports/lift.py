"""Lift of a run: addressed members compared with held-out members, and the arms with each other.

No result before the window is over, or for groups that are too small: earlier looks and smaller groups find false
winners (A-12).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from campaigns.results.reports.statistics import LEVEL, Share, detectable, interval, is_enough, p_value

ADDRESSED: Final = "addressed"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Comparison of `addressed` minus `held_out`; without figures where the groups are too small.

    `detectable` is the smallest difference that groups of this size detect four times in five.
    """

    against: str
    addressed: Share
    held_out: Share
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    detectable: float | None = None

    @property
    def is_more_than_chance(self) -> bool:
        """Return whether the difference is statistically significant."""
        return self.p is not None and self.p < LEVEL


@dataclass(frozen=True, slots=True)
class Arms:
    """Arms of an experiment; `winner` is None unless one arm is significantly better than every other."""

    shares: Mapping[str, Share]
    winner: str | None


def compare(against: str, addressed: Share, held_out: Share, minimum: int) -> Comparison:
    """Compare the addressed with one holdout."""
    if not is_enough(addressed, held_out, minimum):
        return Comparison(against, addressed, held_out)
    low, high = interval(addressed, held_out)
    return Comparison(
        against,
        addressed,
        held_out,
        difference=addressed.rate - held_out.rate,
        low=low,
        high=high,
        p=p_value(addressed, held_out),
        detectable=detectable(held_out.rate, addressed.of, held_out.of),
    )


def winner(shares: Mapping[str, Share], minimum: int) -> str | None:
    """Return the arm that is significantly better than every other; None if there is none."""
    if len(shares) < 2 or not all(is_enough(*pair, minimum) for pair in combinations(shares.values(), 2)):
        return None
    best = max(shares, key=lambda arm: shares[arm].rate)
    other_shares = [share for arm, share in shares.items() if arm != best]
    return best if all(p_value(shares[best], other) < LEVEL for other in other_shares) else None
