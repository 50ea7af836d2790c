"""Rules inside a file: parsed by the rule parser, then put back for pydantic to take unchanged."""

from dataclasses import replace

from campaigns.core.errors import Problem
from campaigns.core.model.condition import Condition
from campaigns.core.yaml.located import Located
from campaigns.rules.parse import parse_condition
from campaigns.rules.vocabulary import RuleVocabulary

_INVALID_RULE = Condition()  # placeholder for a rule with problems, so that the other keys are validated, too


def read_rule(at: Located, vocabulary: RuleVocabulary, problems: list[Problem]) -> Condition | None:
    """Return the rule at `at`, a placeholder when problems were added, or None when there is no rule."""
    return None if at.value is None else parse_condition(at, vocabulary, problems) or _INVALID_RULE


def with_parsed_rule(at: Located, key: str, vocabulary: RuleVocabulary, problems: list[Problem]) -> object:
    """Return the value at `at` with the rule under `key` parsed; other values unchanged."""
    if not isinstance(at.value, dict) or key not in at.value:
        return at.value
    return {**at.value, key: read_rule(at.part(key), vocabulary, problems)}


def expand_audience_shorthand(at: Located) -> Located:
    """Return `at` with the short form `audience: some_name` expanded to a condition; otherwise unchanged."""
    if not isinstance(at.value, dict) or not isinstance(at.value.get("audience"), str):
        return at
    value = {**at.value, "audience": {"audience": at.value["audience"]}}
    outer, inner = ("audience",), ("audience", "audience")
    keys, values = {**at.keys, inner: at.keys[outer]}, {**at.values, inner: at.values[outer]}
    return replace(at, value=value, keys=keys, values=values)
