"""The law of the rule language: the warehouse and the oracle give every member the same answer."""

from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.rules.scope import Scope
from tests.rules.oracle import Oracle
from tests.rules.strategies import AUDIENCES, moments, rules, worlds
from tests.rules.world import Warehouse
from tests.rules.written import CATALOGUE, parsed, plain


@given(data=st.data(), moment=moments())
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_the_warehouse_agrees_with_the_oracle(
    warehouse: Warehouse, data: st.DataObject, moment: tuple[datetime, ZoneInfo]
) -> None:
    as_of, zone = moment
    world = data.draw(worlds(as_of, zone), label="world")
    audiences = {name: parsed(plain(data.draw(rules(with_audiences=False), label=name))) for name in AUDIENCES}
    written = data.draw(st.lists(rules(), min_size=1, max_size=6), label="rules")
    conditions = {f"rule {number}": parsed(plain(rule)) for number, rule in enumerate(written)}
    scope = Scope(as_of=as_of, zone=zone, catalogue=CATALOGUE, audiences=audiences, salt="campaign")

    warehouse.show(world)
    answers = warehouse.answers(conditions, scope)

    oracle = Oracle(world, as_of, zone, audiences, "campaign")
    for label, condition in conditions.items():
        expected = {member.member_id: oracle.judge(condition, member) for member in world.members}
        assert answers[label] == expected, condition
