"""Rules as an author writes them, read by the real reader of files."""

from pathlib import Path

from campaigns.core.errors import Problem
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.condition import Condition
from campaigns.core.yaml.located import Located
from campaigns.core.yaml.source import parse_yaml
from campaigns.rules.parse import parse_condition
from campaigns.rules.vocabulary import RuleVocabulary

HERE = Path(__file__).parents[1] / "rules"
BAD_RULES = sorted((HERE / "bad").glob("*.yaml"))
CATALOGUE = Catalogue.model_validate(parse_yaml((HERE / "catalogue.yaml").read_bytes(), "catalogue.yaml").value)
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
    """The value of `match` in a file that holds nothing else."""
    return parse_yaml(f"match: {text}".encode(), "rule.yaml").part("match")


def as_plain(value: object) -> Located:
    """A value that stood in no file."""
    return Located("rule.yaml", value, {}, {})


def parsed(at: Located | str, vocabulary: RuleVocabulary = VOCABULARY) -> Condition:
    """The rule, which must be faultless."""
    problems: list[Problem] = []
    condition = parse_condition(as_yaml(at) if isinstance(at, str) else at, vocabulary, problems)
    errors = [problem for problem in problems if problem.severity == "error"]
    assert condition is not None, errors
    assert not errors
    return condition


def problems_of(at: Located | str, vocabulary: RuleVocabulary = VOCABULARY) -> list[Problem]:
    """Whatever is wrong with the rule."""
    problems: list[Problem] = []
    parse_condition(as_yaml(at) if isinstance(at, str) else at, vocabulary, problems)
    return problems


def nested(levels: int) -> object:
    """A rule of so many levels."""
    rule: object = {"age": 18}
    for level in range(levels - 1):
        rule = {"not": rule} if level % 2 else {"all": [rule]}
    return rule
