"""Draws: the same on every machine, within their bounds, in the proportions asked for."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from campaigns.demo.data.seeded_random import happens, hash_seed, pick, random_fraction, random_integer, weighted_pick

_ABOUT = st.lists(st.text(max_size=8) | st.integers(), max_size=3)


def test_golden_draws() -> None:
    assert hash_seed("m0001-1", "e-mail") == 18_218_476_767_890_445_279
    assert [random_integer(1, 6, "die", n) for n in range(8)] == [5, 2, 3, 5, 4, 4, 4, 1]


@given(_ABOUT, st.integers(-1000, 1000), st.integers(0, 1000))
def test_draws_stay_within_their_bounds(about: list[object], first: int, wide: int) -> None:
    assert 0 <= random_fraction(*about) < 1
    assert first <= random_integer(first, first + wide, *about) <= first + wide


@given(_ABOUT, st.dictionaries(st.text(), st.floats(0.01, 100), min_size=1))
def test_an_option_is_one_of_those_offered(about: list[object], options: dict[str, float]) -> None:
    assert weighted_pick(options, *about) in options
    assert pick(list(options), *about) in options


def test_options_come_in_proportion_to_their_weights() -> None:
    drawn = Counter(weighted_pick({"a": 1, "b": 3, "never": 0}, n) for n in range(8_000))
    assert drawn["never"] == 0
    assert 0.72 < drawn["b"] / drawn.total() < 0.78
    assert 0.18 < sum(happens(0.2, n, "x") for n in range(8_000)) / 8_000 < 0.22


def test_what_a_draw_is_about_is_not_run_together() -> None:
    assert hash_seed("ab", "c") != hash_seed("a", "bc")
