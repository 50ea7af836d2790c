"""Rules from YAML text, parsed by the real parser."""

from pathlib import Path

from campaigns.core.errors import Problem
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.condition import Condition
from campaigns.core.yaml.located import Located
from campaigns.core.yaml.source import parse_yaml
from campaigns.rules.parse import parse_condition
from campaigns.rules.vocabulary import RuleVocabulary

RULES_FOLDER = Path(__file__).parents[1] / "rules"
BAD_RULES = sorted((RULES_FOLDER / "bad").glob("*.yaml"))
CATALOGUE = Catalogue.model_validate(parse_yaml((RULES_FOLDER / "catalogue.yaml").read_bytes(), "catalogue.yaml").value)
DEPARTMENTS = frozenset({"COSMETICS", "DRUG GM", "MEAT", "MEAT-PCKGD", "SEAFOOD", "PRODUCE"})
VOCABULARY = RuleVocabulary(
    catalogue=CATALOGUE,
    values={
        "department": DEPARTMENTS,
        "brand": frozenset({"National", "Private"}),
        "product_category": frozenset({"FRAGRANCES", "CHEESE", "BEEF", "FAMILY PLANNING"}),
    },
    audiences=frozenset({"active_members", "beauty_buyers"}),
    campaigns=frozenset({"win_back", "weekend_offer"}),
)


def as_yaml(text: str) -> Located:
    """Return the value of `match` in a file with nothing else."""
    return parse_yaml(f"match: {text}".encode(), "rule.yaml").part("match")


def as_plain(value: object) -> Located:
    """Return a value without file positions."""
    return Located("rule.yaml", value, {}, {})


def parse_rule(rule: Located | str, vocabulary: RuleVocabulary = VOCABULARY) -> Condition:
    """Parse a rule and assert that it has no errors."""
    problems: list[Problem] = []
    condition = parse_condition(as_yaml(rule) if isinstance(rule, str) else rule, vocabulary, problems)
    errors = [problem for problem in problems if problem.severity == "error"]
    assert condition is not None, errors
    assert not errors
    return condition


def problems_of(rule: Located | str, vocabulary: RuleVocabulary = VOCABULARY) -> list[Problem]:
    """Return the problems of a rule."""
    problems: list[Problem] = []
    parse_condition(as_yaml(rule) if isinstance(rule, str) else rule, vocabulary, problems)
    return problems


def nested(levels: int) -> object:
    """Return a rule nested `levels` deep."""
    rule: object = {"age": 18}
    for level in range(levels - 1):
        rule = {"not": rule} if level % 2 else {"all": [rule]}
    return rule
