"""Lift of a run: addressed members compared with held-out members, and the arms with each other.

No result before the window is over, or for groups that are too small: earlier looks and smaller groups find false
winners (A-12).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from campaigns.results.reports.statistics import (
    SIGNIFICANCE_LEVEL,
    Proportion,
    are_large_enough,
    detectable_difference,
    difference_interval,
    p_value,
)

ADDRESSED: Final = "addressed"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Comparison of `addressed` minus `held_out`; without figures where the groups are too small.

    `detectable` is the smallest difference that groups of this size detect four times in five.
    """

    against: str
    addressed: Proportion
    held_out: Proportion
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    detectable: float | None = None

    @property
    def is_significant(self) -> bool:
        """Return whether the difference is statistically significant."""
        return self.p is not None and self.p < SIGNIFICANCE_LEVEL


@dataclass(frozen=True, slots=True)
class ArmResults:
    """Arms of an experiment; `winner` is None unless one arm is significantly better than every other."""

    shares: Mapping[str, Proportion]
    winner: str | None


def compare_with_holdout(against: str, addressed: Proportion, held_out: Proportion, minimum: int) -> Comparison:
    """Compare the addressed with one holdout."""
    if not are_large_enough(addressed, held_out, minimum):
        return Comparison(against, addressed, held_out)
    low, high = difference_interval(addressed, held_out)
    return Comparison(
        against,
        addressed,
        held_out,
        difference=addressed.rate - held_out.rate,
        low=low,
        high=high,
        p=p_value(addressed, held_out),
        detectable=detectable_difference(held_out.rate, addressed.total, held_out.total),
    )


def winning_arm(shares: Mapping[str, Proportion], minimum: int) -> str | None:
    """Return the arm that is significantly better than every other; None if there is none."""
    if len(shares) < 2 or not all(are_large_enough(*pair, minimum) for pair in combinations(shares.values(), 2)):
        return None
    best = max(shares, key=lambda arm: shares[arm].rate)
    other_shares = [share for arm, share in shares.items() if arm != best]
    return best if all(p_value(shares[best], other) < SIGNIFICANCE_LEVEL for other in other_shares) else None
