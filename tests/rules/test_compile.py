"""Compilation of rules into SQL for three engines."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
import sqlglot

from campaigns.core.errors import UserError
from campaigns.core.model.condition import Condition
from campaigns.rules.compile import SqlEngine, compile_for, render_sql
from campaigns.rules.scope import RuleScope
from campaigns.rules.select import select_conditions
from tests.support.random_rules import RandomRules
from tests.support.random_world import RandomWorld, seeded
from tests.support.rule_source import CATALOGUE, as_plain, nested, parse_rule
from tests.support.rule_world import DuckdbWorld, Member, RuleWorld

HELSINKI = ZoneInfo("Europe/Helsinki")
AS_OF = datetime(2018, 1, 1, 10, 0, tzinfo=HELSINKI)
ENGINES: list[SqlEngine] = ["duckdb", "postgresql", "spark"]
DIALECTS = {"duckdb": "duckdb", "postgresql": "postgres", "spark": "spark"}


def scope(**audiences: Condition) -> RuleScope:
    return RuleScope(as_of=AS_OF, zone=HELSINKI, catalogue=CATALOGUE, audiences=audiences, salt="campaign")


def test_a_rule_becomes_the_expected_statement() -> None:
    rule = parse_rule("{bought: {where: {department: [MEAT, SEAFOOD]}, within: 28 days, visits: {at_least: 2}}}")
    assert render_sql(select_conditions({"audience": rule}, scope()), "duckdb") == (
        """\
SELECT
  population.member_id,
  CASE
    WHEN NOT population.no_purchase_detail
    THEN COALESCE(bought_1.visits, 0) >= 2
  END AS audience
FROM population
LEFT OUTER JOIN (
  SELECT
    purchase_lines.member_id AS member_id,
    COUNT(DISTINCT purchase_lines.basket_id) AS visits
  FROM purchase_lines
  WHERE
    purchase_lines.member_id IS NOT NULL
    AND purchase_lines.purchased_at >= CAST('2017-12-03 22:00:00' AS TIMESTAMP)
    AND purchase_lines.purchased_at < CAST('2018-01-01 08:00:00' AS TIMESTAMP)
    AND purchase_lines.department IN ('MEAT', 'SEAFOOD')
  GROUP BY
    purchase_lines.member_id
) AS bought_1
  ON bought_1.member_id = population.member_id"""
    )


def test_conditions_over_the_same_lines_share_one_scan() -> None:
    rules = {
        "a": parse_rule("{bought: {within: 28 days, spend: {at_least: 20}}}"),
        "b": parse_rule("{bought: {within: 28 days, spend: {at_most: 5}, quantity: 3}}"),
        "c": parse_rule("{not: {bought: {within: 90 days}}}"),
    }
    sql = render_sql(select_conditions(rules, scope()), "duckdb")
    assert sql.count("FROM purchase_lines") == 2
    assert sql.count("SUM(purchase_lines.amount)") == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_every_value_is_a_parameter(engine: SqlEngine) -> None:
    rule = parse_rule(
        "{all: [{first_name: O'Hara}, {birth_date: {from: 1990-01-01}}, {bought: {spend: {at_least: 20}}}]}"
    )
    compiled = compile_for(select_conditions({"audience": rule}, scope()), engine)
    for text in ("Hara", "1990", "20", "2018"):
        assert text not in compiled.sql
    assert "O'Hara" in compiled.parameters.values()
    assert date(1990, 1, 1) in compiled.parameters.values()
    prefix = "$" if engine == "duckdb" else ":"
    assert all(f"{prefix}{name}" in compiled.sql for name in compiled.parameters)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_rule_is_valid_sql_for_every_engine(engine: SqlEngine) -> None:
    random = seeded(7)
    random_rules = RandomRules(random, AS_OF.date(), [])
    rules = {f"rule {number}": parse_rule(as_plain(random_rules.rule())) for number in range(40)}
    sql = render_sql(select_conditions(rules, scope()), engine)
    assert sqlglot.parse_one(sql, read=DIALECTS[engine]).find(sqlglot.exp.Placeholder) is None
    assert "NOW(" not in sql.upper()


def test_rendered_sql_gives_the_same_rows_as_the_parametrised_statement(warehouse: DuckdbWorld) -> None:
    random = seeded(11)
    random_world = RandomWorld(random, AS_OF, HELSINKI)
    warehouse.show(random_world.world())
    random_rules = RandomRules(random, random_world.today, [])
    rules = {f"rule {number}": parse_rule(as_plain(random_rules.rule())) for number in range(20)}
    statement = select_conditions(rules, scope())
    compiled = compile_for(statement, "duckdb")
    parametrised_rows = warehouse.connection.execute(compiled.sql, dict(compiled.parameters)).fetchall()
    assert sorted(warehouse.connection.execute(render_sql(statement, "duckdb")).fetchall()) == sorted(parametrised_rows)


@pytest.mark.parametrize("engine", ENGINES)
def test_is_true_and_is_false_are_kept(engine: SqlEngine) -> None:
    evaluated = select_conditions({"audience": parse_rule("{region: Lappi}")}, scope()).subquery("judged")
    selected = sa.select(evaluated.c.member_id).where(
        evaluated.c.audience.is_(True), evaluated.c.audience.is_not(False)
    )
    sql = compile_for(selected, engine).sql.upper()
    assert sql.count("IS TRUE") == 1
    assert sql.count("IS FALSE") + sql.count("IS NOT FALSE") == 1


def test_a_percent_sign_is_not_escaped(warehouse: DuckdbWorld) -> None:
    warehouse.show(
        RuleWorld(members=[Member(member_id="m1", first_name="100 %"), Member(member_id="m2", first_name="%%")])
    )
    rule = parse_rule('{first_name: {is_not: "%%"}}')
    assert warehouse.answers({"a %": rule}, scope()) == {"a %": {"m1": True, "m2": False}}


def test_a_rule_of_maximum_depth_is_evaluated(warehouse: DuckdbWorld) -> None:
    warehouse.show(RuleWorld(members=[Member(member_id="m1", birth_date=date(1999, 1, 1))]))
    rule = parse_rule(as_plain({"any": [{"age": 1}, nested(49)]}))
    assert set(warehouse.answers({"rule": rule}, scope())["rule"].values()) == {False}


def test_a_scope_of_some_members_evaluates_only_those(warehouse: DuckdbWorld) -> None:
    warehouse.show(RuleWorld(members=[Member(member_id=f"m{number}", region="Lappi") for number in range(3)]))
    narrow_scope = RuleScope(as_of=AS_OF, zone=HELSINKI, catalogue=CATALOGUE, audiences={}, members=("m1", "m7"))
    rules = {"rule": parse_rule("{all: [{region: Lappi}, {not: {shopped: {}}}]}")}
    assert warehouse.answers(rules, narrow_scope) == {"rule": {"m1": True}}


def test_as_of_without_a_zone_is_refused() -> None:
    naive = RuleScope(as_of=AS_OF.replace(tzinfo=None), zone=HELSINKI, catalogue=CATALOGUE, audiences={})
    with pytest.raises(ValueError, match="without a zone"):
        select_conditions({"rule": parse_rule("{shopped: {within: 3 days}}")}, naive)


def test_a_date_before_the_retention_limit_is_refused_with_its_position() -> None:
    oldest = parse_rule("{bought: {from: 2016-11-27}}")  # 400 days before as_of
    assert select_conditions({"rule": oldest}, scope()) is not None
    too_old = parse_rule("{all: [{bought: {from: 2016-11-26}}, {shopped: {to: 2012-12-31}}]}")
    with pytest.raises(UserError) as raised:
        select_conditions({"rule": too_old}, scope())
    assert str(raised.value) == (
        "rule.yaml:1:16: 2016-11-26 is before 2016-11-27, the oldest day that is still kept [past_retention]\n"
        "  try: `from: 2016-11-27`\n"
        "rule.yaml:1:46: 2012-12-31 is before 2013-01-01, the oldest day that is still kept [past_retention]\n"
        "  try: `from: 2013-01-01`"
    )


def test_days_follow_the_campaigns_zone() -> None:
    rule = parse_rule("{shopped: {within: 1 day}}")
    as_of = datetime(2018, 1, 1, 10, 0, tzinfo=UTC)
    for zone, start in (
        ("Europe/Helsinki", datetime.fromisoformat("2017-12-30T22:00")),
        ("Asia/Tokyo", datetime.fromisoformat("2017-12-30T15:00")),
    ):
        zoned_scope = RuleScope(as_of=as_of, zone=ZoneInfo(zone), catalogue=CATALOGUE, audiences={})
        compiled = compile_for(select_conditions({"rule": rule}, zoned_scope), "duckdb")
        assert start in compiled.parameters.values()
