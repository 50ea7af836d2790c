"""Seeded draws: the same on every machine, within bounds, in proportion to weights."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from campaigns.demo.data.seeded_random import happens, hash_seed, pick, random_fraction, random_integer, weighted_pick

_SEED_PARTS = st.lists(st.text(max_size=8) | st.integers(), max_size=3)


def test_draws_match_their_golden_values() -> None:
    assert hash_seed("m0001-1", "e-mail") == 18_218_476_767_890_445_279
    assert [random_integer(1, 6, "die", n) for n in range(8)] == [5, 2, 3, 5, 4, 4, 4, 1]


@given(_SEED_PARTS, st.integers(-1000, 1000), st.integers(0, 1000))
def test_draws_stay_within_their_bounds(seed_parts: list[object], first: int, width: int) -> None:
    assert 0 <= random_fraction(*seed_parts) < 1
    assert first <= random_integer(first, first + width, *seed_parts) <= first + width


@given(_SEED_PARTS, st.dictionaries(st.text(), st.floats(0.01, 100), min_size=1))
def test_a_pick_is_one_of_the_options(seed_parts: list[object], options: dict[str, float]) -> None:
    assert weighted_pick(options, *seed_parts) in options
    assert pick(list(options), *seed_parts) in options


def test_picks_are_in_proportion_to_their_weights() -> None:
    drawn = Counter(weighted_pick({"a": 1, "b": 3, "never": 0}, n) for n in range(8_000))
    assert drawn["never"] == 0
    assert 0.72 < drawn["b"] / drawn.total() < 0.78
    assert 0.18 < sum(happens(0.2, n, "x") for n in range(8_000)) / 8_000 < 0.22


def test_seed_parts_are_not_concatenated() -> None:
    assert hash_seed("ab", "c") != hash_seed("a", "bc")
