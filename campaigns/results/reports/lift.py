"""What a run was worth: those who were to hear it beside those who were held out, and its arms beside each other.

Nothing is said before the window is over, nor of groups that are too small: whoever looks earlier, or at fewer, finds
winners that are none (A-12).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from campaigns.results.reports.statistics import LEVEL, Share, detectable, interval, is_enough, p_value

ADDRESSED: Final = "addressed"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`addressed` minus `held_out`; without figures where the groups are too small.

    `detectable` is the smallest difference that groups of this size show four times in five.
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
        """Whether it made a difference."""
        return self.p is not None and self.p < LEVEL


@dataclass(frozen=True, slots=True)
class Arms:
    """The arms of an experiment; `winner` None: no arm is better than every other by more than chance."""

    shares: Mapping[str, Share]
    winner: str | None


def compare(against: str, addressed: Share, held_out: Share, minimum: int) -> Comparison:
    """The effect by one holdout."""
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
    """The arm that is better than each of the others; None, and the arms stay as they are, where none is."""
    if len(shares) < 2 or not all(is_enough(*pair, minimum) for pair in combinations(shares.values(), 2)):
        return None
    best = max(shares, key=lambda arm: shares[arm].rate)
    others = [share for arm, share in shares.items() if arm != best]
    return best if all(p_value(shares[best], other) < LEVEL for other in others) else None
