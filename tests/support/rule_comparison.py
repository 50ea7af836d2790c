"""Comparison of an engine with the oracle: random rules over a random world."""

from random import Random

from campaigns.rules.scope import RuleScope
from tests.support.random_rules import RandomRules
from tests.support.random_world import RandomWorld, any_moment
from tests.support.rule_oracle import RuleOracle
from tests.support.rule_source import CATALOGUE, as_plain, parse_rule
from tests.support.rule_world import Engine

AUDIENCES = ["active_members", "beauty_buyers"]
RULES = 25


def disagreements(engine: Engine, random: Random) -> list[object]:
    """Return the rules for which engine and oracle disagree about a member of one random world."""
    as_of, zone = any_moment(random)
    random_world = RandomWorld(random, as_of, zone)
    world = random_world.world()
    audiences = {name: parse_rule(as_plain(RandomRules(random, random_world.today, []).rule(2))) for name in AUDIENCES}
    random_rules = RandomRules(random, random_world.today, AUDIENCES)
    conditions = {f"rule {number}": parse_rule(as_plain(random_rules.rule())) for number in range(RULES)}
    scope = RuleScope(as_of=as_of, zone=zone, catalogue=CATALOGUE, audiences=audiences, salt="campaign")

    engine.show(world)
    answers = engine.answers(conditions, scope)

    oracle = RuleOracle(world, as_of, zone, audiences, "campaign")
    expected = {
        label: {member.member_id: oracle.judge(condition, member) for member in world.members}
        for label, condition in conditions.items()
    }
    return [
        (as_of, conditions[label], world, answers[label], expected_answers)
        for label, expected_answers in expected.items()
        if answers[label] != expected_answers
    ]
