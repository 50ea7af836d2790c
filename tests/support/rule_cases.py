"""All cases of the rule tables in one world, so that one statement evaluates them all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from campaigns.core.model.condition import Condition
from campaigns.rules.scope import RuleScope
from tests.support.rule_source import CATALOGUE, as_plain, parse_rule
from tests.support.rule_tables import AS_OF, AUDIENCES, HELSINKI, RuleCase, cases, world_of
from tests.support.rule_world import RuleWorld, Truth

SCOPE = RuleScope(as_of=AS_OF, zone=HELSINKI, catalogue=CATALOGUE, audiences=AUDIENCES, salt="campaign")


@dataclass(frozen=True)
class RuleCases:
    """Rules by case name, one world with the people of all cases, and the expected answers by case and member."""

    conditions: Mapping[str, Condition]
    world: RuleWorld
    expected: Mapping[str, Mapping[str, Truth]]


def all_rule_cases() -> RuleCases:
    """Return all cases; each person has an id of their own, so that cases do not affect each other."""
    conditions: dict[str, Condition] = {}
    expected: dict[str, dict[str, Truth]] = {}
    people: list[dict[str, Any]] = []
    for case in (*cases("operators"), *cases("measures"), *cases("conditions")):
        conditions[case.name] = parse_rule(as_plain(case.rule))
        people_of_case = _with_own_ids(case)
        people += people_of_case
        expected[case.name] = {
            person["member_id"]: truth for person, truth in zip(people_of_case, case.expected, strict=True)
        }
    return RuleCases(conditions, world_of(people), expected)


def _with_own_ids(case: RuleCase) -> list[dict[str, Any]]:
    return [{**person, "member_id": f"{case.name} {number}"} for number, person in enumerate(case.people, 1)]
