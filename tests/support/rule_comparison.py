"""An engine's answers to random rules over a random world, compared with the oracle's."""

from random import Random

from campaigns.rules.scope import RuleScope
from tests.support.random_rules import RandomRules
from tests.support.random_world import RandomWorld, any_moment
from tests.support.rule_oracle import RuleOracle
from tests.support.rule_source import CATALOGUE, as_plain, parsed
from tests.support.rule_world import Engine

AUDIENCES = ["active_members", "beauty_buyers"]
RULES = 25


def disagreements(engine: Engine, random: Random) -> list[object]:
    """One world, some rules, and a word from either side about every member: where the two are not the same."""
    as_of, zone = any_moment(random)
    chance = RandomWorld(random, as_of, zone)
    world = chance.world()
    audiences = {name: parsed(as_plain(RandomRules(random, chance.today, []).rule(2))) for name in AUDIENCES}
    author = RandomRules(random, chance.today, AUDIENCES)
    conditions = {f"rule {number}": parsed(as_plain(author.rule())) for number in range(RULES)}
    scope = RuleScope(as_of=as_of, zone=zone, catalogue=CATALOGUE, audiences=audiences, salt="campaign")

    engine.show(world)
    answers = engine.answers(conditions, scope)

    oracle = RuleOracle(world, as_of, zone, audiences, "campaign")
    expected = {
        label: {member.member_id: oracle.judge(condition, member) for member in world.members}
        for label, condition in conditions.items()
    }
    return [
        (as_of, conditions[label], world, answers[label], judged)
        for label, judged in expected.items()
        if answers[label] != judged
    ]
