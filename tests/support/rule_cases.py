"""Every case of the rule language's tables in one world, so that an engine answers them all with one statement."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from campaigns.core.model.condition import Condition
from campaigns.rules.scope import RuleScope
from tests.support.rule_source import CATALOGUE, as_plain, parsed
from tests.support.rule_tables import AS_OF, AUDIENCES, HELSINKI, RuleCase, cases, world_of
from tests.support.rule_world import RuleWorld, Truth

SCOPE = RuleScope(as_of=AS_OF, zone=HELSINKI, catalogue=CATALOGUE, audiences=AUDIENCES, salt="campaign")


@dataclass(frozen=True)
class RuleCases:
    """The cases by name, the world that all their people live in, and who in it belongs to which case."""

    conditions: Mapping[str, Condition]
    world: RuleWorld
    expected: Mapping[str, Mapping[str, Truth]]


def all_rule_cases() -> RuleCases:
    """Everybody gets an id of their own: what a rule is for a person may depend on nobody else."""
    conditions: dict[str, Condition] = {}
    expected: dict[str, dict[str, Truth]] = {}
    everybody: list[dict[str, Any]] = []
    for case in (*cases("operators"), *cases("measures"), *cases("conditions")):
        conditions[case.name] = parsed(as_plain(case.rule))
        named = _named(case)
        everybody += named
        expected[case.name] = {person["member_id"]: truth for person, truth in zip(named, case.expected, strict=True)}
    return RuleCases(conditions, world_of(everybody), expected)


def _named(case: RuleCase) -> list[dict[str, Any]]:
    return [{**person, "member_id": f"{case.name} {number}"} for number, person in enumerate(case.people, 1)]
