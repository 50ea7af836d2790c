"""JSON Schema of conditions: accepts every rule that the parser accepts, and marks mistakes."""

from pathlib import Path
from typing import Any

import pytest

from campaigns.core.yaml.source import parse_yaml
from campaigns.rules.condition_schema import condition_schema
from tests.support.example_rules import FOLDER
from tests.support.random_rules import RandomRules
from tests.support.random_world import RandomWorld, any_moment, seeded
from tests.support.rule_source import BAD_RULES, VOCABULARY, as_plain, parse_rule
from tests.support.schema_validator import accepts

SCHEMA = condition_schema(VOCABULARY)
# Errors that no schema can detect: retention, reversed ranges, keys that need each other.
UNDETECTED = {
    "shapes": ["{'bought': {'of': {'department': 'MEAT'}}}"],
    "types": [
        "{'bonus_last_month': Decimal('1E-7')}",
        "{'birth_date': datetime.date(1, 1, 1)}",
        "{'birthday': {'in_next': '400 days'}}",
        "{'sample': '120 percent'}",
    ],
    "values": ["{'received': {'campaign': 'winback'}}"],
}
UNDETECTED_FILE = "days"


def conditions_of(rule: Any) -> list[Any]:
    return next(iter(rule.values())) if isinstance(rule, dict) else []


@pytest.mark.parametrize("seed", range(20))
def test_random_rules_are_valid(seed: int) -> None:
    random = seeded(seed)
    random_rules = RandomRules(random, RandomWorld(random, *any_moment(random)).today, ["active_members"])
    for _ in range(20):
        rule = random_rules.rule()
        parse_rule(as_plain(rule))
        assert accepts(SCHEMA, rule, SCHEMA), rule


def test_the_examples_are_valid() -> None:
    for path in sorted((FOLDER / "audiences").glob("*.yaml")):
        rule = parse_yaml(path.read_bytes(), path.name).part("match").value
        assert accepts(SCHEMA, rule, SCHEMA), path


@pytest.mark.parametrize(
    "path", [path for path in BAD_RULES if path.stem != UNDETECTED_FILE], ids=lambda path: path.stem
)
def test_bad_rules_are_invalid_except_for_undetectable_errors(path: Path) -> None:
    rule = parse_yaml(path.read_bytes(), path.name).part("match").value
    accepted = [str(part) for part in conditions_of(rule) if accepts(SCHEMA, part, SCHEMA)]
    assert accepted == UNDETECTED.get(path.stem, [])


def test_every_field_has_a_description() -> None:
    properties = SCHEMA["$defs"]["condition"]["properties"]
    assert all(properties[name]["description"] for name in VOCABULARY.member_fields)
    assert "health" not in properties
    assert "genome" not in SCHEMA["$defs"]["lines"]["properties"]
    assert "FAMILY PLANNING" not in str(SCHEMA)
