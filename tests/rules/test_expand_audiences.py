"""Expansion of audiences within audiences: replaced by their rules, refused in cycles and when too large."""

from itertools import pairwise

import pytest

from campaigns.core.errors import UserError
from campaigns.core.model.condition import All, Condition, InAudience, Not, Sample
from campaigns.rules.expand_audiences import audience_cycles, expand_audiences
from tests.support.rule_source import VOCABULARY, RuleVocabulary, parse_rule


def parsed_audiences(**rules: str) -> dict[str, Condition]:
    vocabulary = RuleVocabulary(catalogue=VOCABULARY.catalogue, audiences=frozenset({*rules, "gone"}))
    return {name: parse_rule(rule, vocabulary) for name, rule in rules.items()}


def test_an_audience_is_replaced_by_its_rule() -> None:
    audiences = parsed_audiences(a="{all: [{audience: b}, {region: Lappi}]}", b="{not: {audience: c}}", c="{age: 18}")
    expanded = expand_audiences(InAudience(name="a"), audiences)
    assert expanded == All(parts=(Not(part=parse_rule("{age: 18}")), parse_rule("{region: Lappi}")))


def test_a_sample_is_salted_by_its_audience_or_campaign() -> None:
    audiences = parsed_audiences(a="{sample: 20 percent}", b="{sample: {share: 0.2, salt: spring}}")
    rule = All(parts=(InAudience(name="a"), InAudience(name="b"), parse_rule("{sample: 0.2}")))
    expanded = expand_audiences(rule, audiences, "campaign")
    assert isinstance(expanded, All)
    assert [part.salt for part in expanded.parts if isinstance(part, Sample)] == ["a", "spring", "campaign"]


def test_a_cycle_is_one_problem_at_its_closing_reference() -> None:
    audiences = parsed_audiences(
        a="{all: [{age: 18}, {audience: b}]}",
        b="{not: {audience: c}}",
        c="{any: [{region: Lappi}, {audience: a}]}",
        d="{audience: a}",
        e="{not: {audience: e}}",
    )
    assert [str(cycle.problem) for cycle in audience_cycles(audiences)] == [
        "rule.yaml:1:43: audience `a` refers to itself: a → b → c → a [audience_cycle]\n"
        "  try: take one of the references out",
        "rule.yaml:1:25: audience `e` refers to itself: e → e [audience_cycle]\n  try: take one of the references out",
    ]


def test_two_references_to_one_audience_are_no_cycle() -> None:
    assert (
        audience_cycles(parsed_audiences(a="{all: [{audience: b}, {audience: c}]}", b="{audience: c}", c="{age: 18}"))
        == []
    )


def chain(length: int, rule: str) -> dict[str, Condition]:
    """Return audiences that each apply `rule` to the one before."""
    names = [f"a{number}" for number in range(length)]
    rules = {name: rule.replace("BEFORE", before) for before, name in pairwise(names)}
    return parsed_audiences(a0="{age: 18}", **rules)


@pytest.mark.parametrize(
    ("audiences", "code"),
    [
        (parsed_audiences(a1="{audience: a1}"), "audience_cycle"),
        (parsed_audiences(a1="{audience: gone}"), "unknown_audience"),
        (chain(60, "{not: {audience: BEFORE}}"), "too_deep"),
        (chain(20, "{any: [{audience: BEFORE}, {audience: BEFORE}]}"), "too_large"),
    ],
)
def test_an_audience_that_cannot_be_expanded_is_refused(audiences: dict[str, Condition], code: str) -> None:
    with pytest.raises(UserError) as raised:
        expand_audiences(InAudience(name=list(audiences)[-1]), audiences)
    assert [problem.code for problem in raised.value.problems] == [code]
