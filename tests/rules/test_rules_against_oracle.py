"""Random rules: DuckDB and the oracle give every member the same answer."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.rule_comparison import disagreements
from tests.support.rule_world import DuckdbWorld


# Hypothesis chooses the seed and repeats it after a failure. The rules are then drawn evenly: hypothesis prefers short
# examples, and most operators would never meet their edge values.
@given(random=st.randoms(use_true_random=True))
@settings(max_examples=examples(25), deadline=None)
def test_a01_the_warehouse_agrees_with_the_oracle(random: Random) -> None:
    with DuckdbWorld() as warehouse:
        assert disagreements(warehouse, random) == []
