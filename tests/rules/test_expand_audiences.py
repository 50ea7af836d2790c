"""Audiences of audiences: put in their place, told when they run in a ring, stopped when they grow without end."""

from itertools import pairwise

import pytest

from campaigns.core.errors import UserError
from campaigns.core.model.condition import All, Condition, InAudience, Not, Sample
from campaigns.rules.expand_audiences import audience_cycles, expand_audiences
from tests.support.rule_source import VOCABULARY, RuleVocabulary, parsed


def named(**rules: str) -> dict[str, Condition]:
    vocabulary = RuleVocabulary(catalogue=VOCABULARY.catalogue, audiences=frozenset({*rules, "gone"}))
    return {name: parsed(rule, vocabulary) for name, rule in rules.items()}


def test_an_audience_is_put_in_its_place() -> None:
    audiences = named(a="{all: [{audience: b}, {region: Lappi}]}", b="{not: {audience: c}}", c="{age: 18}")
    placed = expand_audiences(InAudience(name="a"), audiences)
    assert placed == All(parts=(Not(part=parsed("{age: 18}")), parsed("{region: Lappi}")))


def test_a_sample_is_salted_by_whoever_says_it() -> None:
    audiences = named(a="{sample: 20 percent}", b="{sample: {share: 0.2, salt: spring}}")
    rule = All(parts=(InAudience(name="a"), InAudience(name="b"), parsed("{sample: 0.2}")))
    placed = expand_audiences(rule, audiences, "campaign")
    assert isinstance(placed, All)
    assert [part.salt for part in placed.parts if isinstance(part, Sample)] == ["a", "spring", "campaign"]


def test_a_ring_is_one_problem_where_it_closes() -> None:
    audiences = named(
        a="{all: [{age: 18}, {audience: b}]}",
        b="{not: {audience: c}}",
        c="{any: [{region: Lappi}, {audience: a}]}",
        d="{audience: a}",
        e="{not: {audience: e}}",
    )
    assert [str(problem) for problem in audience_cycles(audiences)] == [
        "rule.yaml:1:43: audience `a` refers to itself: a → b → c → a [audience_cycle]\n"
        "  try: take one of the references out",
        "rule.yaml:1:25: audience `e` refers to itself: e → e [audience_cycle]\n  try: take one of the references out",
    ]


def test_two_ways_to_one_audience_are_no_ring() -> None:
    assert audience_cycles(named(a="{all: [{audience: b}, {audience: c}]}", b="{audience: c}", c="{age: 18}")) == []


def chain(length: int, rule: str) -> dict[str, Condition]:
    """Audiences each of which says `rule` of the one before it."""
    names = [f"a{number}" for number in range(length)]
    rules = {name: rule.replace("BEFORE", before) for before, name in pairwise(names)}
    return named(a0="{age: 18}", **rules)


@pytest.mark.parametrize(
    ("audiences", "code"),
    [
        (named(a1="{audience: a1}"), "audience_cycle"),
        (named(a1="{audience: gone}"), "unknown_audience"),
        (chain(60, "{not: {audience: BEFORE}}"), "too_deep"),
        (chain(20, "{any: [{audience: BEFORE}, {audience: BEFORE}]}"), "too_large"),
    ],
)
def test_what_cannot_be_placed_is_refused(audiences: dict[str, Condition], code: str) -> None:
    with pytest.raises(UserError) as refused:
        expand_audiences(InAudience(name=list(audiences)[-1]), audiences)
    assert [problem.code for problem in refused.value.problems] == [code]
