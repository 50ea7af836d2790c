"""The schema for editors: it lets every rule pass that the parser takes, and marks what an author mistypes."""

from pathlib import Path
from typing import Any

import pytest

from campaigns.core.yaml.source import parse_yaml
from campaigns.rules.condition_schema import condition_schema
from tests.support.example_rules import FOLDER
from tests.support.random_rules import RandomRules
from tests.support.random_world import RandomWorld, any_moment, seeded
from tests.support.rule_source import BAD_RULES, VOCABULARY, as_plain, parsed
from tests.support.schema_validator import accepts

SCHEMA = condition_schema(VOCABULARY)
# What takes knowledge beyond a schema: how long data is kept, that ranges are turned round, what belongs together.
BEYOND = {
    "shapes": ["{'bought': {'of': {'department': 'MEAT'}}}"],
    "types": [
        "{'bonus_last_month': Decimal('1E-7')}",
        "{'birth_date': datetime.date(1, 1, 1)}",
        "{'birthday': {'in_next': '400 days'}}",
        "{'sample': '120 percent'}",
    ],
    "values": ["{'received': {'campaign': 'winback'}}"],
}
WHOLLY_BEYOND = "days"


def inside(rule: Any) -> list[Any]:
    return next(iter(rule.values())) if isinstance(rule, dict) else []


@pytest.mark.parametrize("seed", range(20))
def test_a_rule_passes(seed: int) -> None:
    random = seeded(seed)
    author = RandomRules(random, RandomWorld(random, *any_moment(random)).today, ["active_members"])
    for _ in range(20):
        rule = author.rule()
        parsed(as_plain(rule))
        assert accepts(SCHEMA, rule, SCHEMA), rule


def test_the_examples_pass() -> None:
    for path in sorted((FOLDER / "audiences").glob("*.yaml")):
        rule = parse_yaml(path.read_bytes(), path.name).part("match").value
        assert accepts(SCHEMA, rule, SCHEMA), path


@pytest.mark.parametrize("path", [path for path in BAD_RULES if path.stem != WHOLLY_BEYOND], ids=lambda path: path.stem)
def test_a_mistake_is_marked(path: Path) -> None:
    rule = parse_yaml(path.read_bytes(), path.name).part("match").value
    passed = [str(part) for part in inside(rule) if accepts(SCHEMA, part, SCHEMA)]
    assert passed == BEYOND.get(path.stem, [])


def test_every_field_is_explained() -> None:
    properties = SCHEMA["$defs"]["condition"]["properties"]
    assert all(properties[name]["description"] for name in VOCABULARY.member_fields)
    assert "health" not in properties
    assert "genome" not in SCHEMA["$defs"]["lines"]["properties"]
    assert "FAMILY PLANNING" not in str(SCHEMA)
