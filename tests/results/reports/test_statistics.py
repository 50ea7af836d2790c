"""Comparison of proportions: values from textbooks and papers, and laws for any numbers."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.results.reports.lift import compare_with_holdout, winning_arm
from campaigns.results.reports.statistics import (
    Proportion,
    are_large_enough,
    detectable_difference,
    difference_interval,
    p_value,
)

# Newcombe (1998), table II, method 10: the eight contrasts for which all eleven methods are given
NEWCOMBE = [
    (Proportion(56, 70), Proportion(48, 80), 0.0524, 0.3339),
    (Proportion(9, 10), Proportion(3, 10), 0.1705, 0.8090),
    (Proportion(6, 7), Proportion(2, 7), 0.0582, 0.8062),
    (Proportion(5, 56), Proportion(0, 29), -0.0381, 0.1926),
    (Proportion(0, 10), Proportion(0, 20), -0.1611, 0.2775),
    (Proportion(0, 10), Proportion(0, 10), -0.2775, 0.2775),
    (Proportion(10, 10), Proportion(0, 20), 0.6791, 1.0000),
    (Proportion(10, 10), Proportion(0, 10), 0.6075, 1.0000),
]
PROPORTIONS = st.integers(1, 10_000).flatmap(lambda of: st.integers(0, of).map(lambda number: Proportion(number, of)))


@pytest.mark.parametrize(("first", "second", "low", "high"), NEWCOMBE)
def test_a12_interval_equals_newcombes_values(first: Proportion, second: Proportion, low: float, high: float) -> None:
    assert difference_interval(first, second) == pytest.approx((low, high), abs=0.00006)


def test_a12_z_test_equals_textbook_values() -> None:
    """The pooled z of 56/70 against 48/80 is 2.650, of 15/100 against 25/100 it is 1.768."""
    assert p_value(Proportion(56, 70), Proportion(48, 80)) == pytest.approx(0.00805, abs=0.00005)
    assert p_value(Proportion(15, 100), Proportion(25, 100)) == pytest.approx(0.0771, abs=0.0001)


@pytest.mark.parametrize(
    ("base", "share", "points"), [(0.02, 0.01, 0.21), (0.02, 0.05, 0.095), (0.02, 0.10, 0.069), (0.05, 0.05, 0.148)]
)
def test_a12_detectable_difference_of_a_holdout_of_all_members(base: float, share: float, points: float) -> None:
    members = 3_600_000
    held_out = round(members * share)
    assert detectable_difference(base, members - held_out, held_out) * 100 == pytest.approx(points, abs=0.006)


@given(PROPORTIONS, PROPORTIONS)
def test_interval_contains_the_difference_and_mirrors_with_it(first: Proportion, second: Proportion) -> None:
    low, high = difference_interval(first, second)
    assert -1 <= low <= first.rate - second.rate <= high <= 1
    assert difference_interval(second, first) == pytest.approx((-high, -low))
    assert 0 <= p_value(first, second) <= 1
    assert p_value(first, second) == pytest.approx(p_value(second, first))


def test_a12_two_equal_arms_have_a_winner_no_more_often_than_chance_allows() -> None:
    """A/A, 2,000 times: at most 5 % plus three standard errors of a proportion of 2,000."""
    rng = random.Random(4711)  # noqa: S311 - the same every time
    assert _false_winner_rate(rng, "short", "long") <= 0.05 + 3 * (0.05 * 0.95 / 2000) ** 0.5


def test_a12_best_of_five_equal_arms_wins_no_more_often_than_chance_allows() -> None:
    rng = random.Random(4712)  # noqa: S311 - the same every time
    assert _false_winner_rate(rng, "a", "b", "c", "d", "e") <= 0.05 + 3 * (0.05 * 0.95 / 2000) ** 0.5


def test_a12_holdout_without_effect_shows_one_no_more_often_than_chance_allows() -> None:
    rng = random.Random(4713)  # noqa: S311 - the same every time
    comparisons = [
        compare_with_holdout("holdout_campaign", _draw(rng, 4000), _draw(rng, 400), 100) for _ in range(2000)
    ]
    assert all(comparison.p is not None for comparison in comparisons)
    assert sum(comparison.is_significant for comparison in comparisons) / 2000 <= 0.05 + 3 * (0.05 * 0.95 / 2000) ** 0.5


def test_a12_real_difference_is_found() -> None:
    comparison = compare_with_holdout("holdout_campaign", Proportion(1200, 9000), Proportion(90, 1000), 100)
    assert comparison.is_significant
    assert comparison.low is not None
    assert comparison.low > 0
    assert winning_arm({"short": Proportion(300, 2000), "long": Proportion(200, 2000)}, 100) == "short"


def test_a12_small_groups_are_not_compared() -> None:
    assert compare_with_holdout("holdout_campaign", Proportion(50, 99), Proportion(5, 99), 100).p is None
    assert not are_large_enough(Proportion(4, 1000), Proportion(0, 1000), 100)  # two expected in each
    assert winning_arm({"short": Proportion(50, 50), "long": Proportion(0, 50)}, 100) is None
    assert winning_arm({"short": Proportion(300, 2000)}, 100) is None


def _false_winner_rate(rng: random.Random, *arms: str) -> float:
    winners = [winning_arm({arm: _draw(rng, 500) for arm in arms}, 100) for _ in range(2000)]
    return sum(winner is not None for winner in winners) / 2000


def _draw(rng: random.Random, of: int) -> Proportion:
    """Draw a proportion whose true rate is one in ten."""
    return Proportion(sum(rng.random() < 0.1 for _ in range(of)), of)
