"""The rules inside a file: read by the rule parser, and put in their place for pydantic to take as they are."""

from dataclasses import replace

from campaigns.errors import Problem
from campaigns.rules.parse import parse_condition
from campaigns.rules.vocabulary import Vocabulary
from campaigns.spec.condition import Condition
from campaigns.spec.located import Located

_REFUSED = Condition()  # stands for a rule whose problems have been entered, so that the other keys are read


def read_rule(at: Located, vocabulary: Vocabulary, problems: list[Problem]) -> Condition | None:
    """The rule at `at`, or one that stands for it when problems were entered; None when there is nothing."""
    return None if at.value is None else parse_condition(at, vocabulary, problems) or _REFUSED


def with_rule(at: Located, key: str, vocabulary: Vocabulary, problems: list[Problem]) -> object:
    """What stands at `at`, with the rule under `key` read; anything else is as it was."""
    if not isinstance(at.value, dict) or key not in at.value:
        return at.value
    return {**at.value, key: read_rule(at.part(key), vocabulary, problems)}


def named_audience(at: Located) -> Located:
    """The short form `audience: some_name` written out as a condition; anything else is as it was."""
    if not isinstance(at.value, dict) or not isinstance(at.value.get("audience"), str):
        return at
    value = {**at.value, "audience": {"audience": at.value["audience"]}}
    outer, inner = ("audience",), ("audience", "audience")
    keys, values = {**at.keys, inner: at.keys[outer]}, {**at.values, inner: at.values[outer]}
    return replace(at, value=value, keys=keys, values=values)
