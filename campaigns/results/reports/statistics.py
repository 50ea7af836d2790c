"""Comparison of two proportions: significance, confidence interval and smallest detectable difference.

The pooled two-proportion z test, and the interval of R. G. Newcombe, "Interval estimation for the difference between
independent proportions: comparison of eleven methods", Statistics in Medicine 17 (1998) 873-890, method 10.
"""

from dataclasses import dataclass
from math import erfc, sqrt
from statistics import NormalDist
from typing import Final

SIGNIFICANCE_LEVEL: Final = 0.05
"""Significance level: the accepted rate of false positives."""

_Z: Final = NormalDist().inv_cdf(1 - SIGNIFICANCE_LEVEL / 2)
_POWER: Final = NormalDist().inv_cdf(0.8)
_FEWEST: Final = 5  # expected in each cell; below, the normal approximation is poor (W. G. Cochran, 1954)


@dataclass(frozen=True, slots=True)
class Proportion:
    """Proportion: `number` converted units out of `of`."""

    number: int
    total: int

    @property
    def rate(self) -> float:
        """Return the proportion; 0 of an empty group."""
        return self.number / self.total if self.total else 0.0

    def bounds(self) -> tuple[float, float]:
        """Return the 95 % score interval of E. B. Wilson (1927)."""
        square = _Z * _Z
        middle = 2 * self.number + square
        spread = _Z * sqrt(square + 4 * self.number * (1 - self.rate))
        whole = 2 * (self.total + square)
        return max((middle - spread) / whole, 0.0), min((middle + spread) / whole, 1.0)


def p_value(first: Proportion, second: Proportion) -> float:
    """Return the two-sided p-value of the difference."""
    error = _error(_pooled(first, second), first.total, second.total)
    return erfc(abs(first.rate - second.rate) / error / sqrt(2)) if error else 1.0


def difference_interval(first: Proportion, second: Proportion) -> tuple[float, float]:
    """Return the 95 % confidence interval of the difference of the rates, first minus second."""
    difference = first.rate - second.rate
    (low, high), (least, most) = first.bounds(), second.bounds()
    return (
        max(difference - sqrt((first.rate - low) ** 2 + (most - second.rate) ** 2), -1.0),
        min(difference + sqrt((high - first.rate) ** 2 + (second.rate - least) ** 2), 1.0),
    )


def detectable_difference(base: float, first: int, second: int) -> float:
    """Return the smallest difference from `base` that groups of these sizes detect four times in five."""
    return (_Z + _POWER) * _error(base, first, second)


def are_large_enough(first: Proportion, second: Proportion, minimum: int) -> bool:
    """Return whether both groups have the minimum size and at least five expected units in each cell."""
    rate = _pooled(first, second)
    smaller = min(first.total, second.total)
    return smaller >= minimum and smaller * min(rate, 1 - rate) >= _FEWEST


def _pooled(first: Proportion, second: Proportion) -> float:
    return Proportion(first.number + second.number, first.total + second.total).rate


def _error(rate: float, first: int, second: int) -> float:
    return sqrt(rate * (1 - rate) * (1 / first + 1 / second)) if first and second else 0.0
