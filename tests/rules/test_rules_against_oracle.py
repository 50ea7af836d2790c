"""The law of the rule language: the warehouse and the oracle give every member the same answer."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.rule_comparison import disagreements
from tests.support.rule_world import DuckdbWorld


# The seed is hypothesis's and so is repeated when it fails; what it grows into is drawn evenly, which hypothesis, in
# search of short examples, would not do: most operators would then never meet the value on their edge.
@given(random=st.randoms(use_true_random=True))
@settings(max_examples=examples(25), deadline=None)
def test_a01_the_warehouse_agrees_with_the_oracle(random: Random) -> None:
    with DuckdbWorld() as warehouse:
        assert disagreements(warehouse, random) == []
