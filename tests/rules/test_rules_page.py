"""Examples of docs/rules.md: each one is a valid rule."""

import re
from pathlib import Path

import pytest

from campaigns.core.errors import Problem
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.yaml.source import parse_yaml
from campaigns.rules.parse import parse_condition
from campaigns.rules.vocabulary import RuleVocabulary

ROOT = Path(__file__).parents[2]
EXAMPLES = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "rules.md").read_text(encoding="utf-8"), re.DOTALL)
CATALOGUE = (ROOT / "config" / "catalogue.yaml").read_bytes()


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_of_the_page_is_a_valid_rule(example: str) -> None:
    vocabulary = RuleVocabulary(
        catalogue=Catalogue.model_validate(parse_yaml(CATALOGUE, "catalogue.yaml").value),
        audiences=frozenset({"active_members", "beauty_buyers"}),
        campaigns=frozenset({"win_back"}),
    )
    problems: list[Problem] = []
    assert parse_condition(parse_yaml(example.encode(), "rules.md"), vocabulary, problems) is not None
    assert problems == []
