"""One statement for three engines: what each gets, and that nothing of it is lost on the way."""

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
from tests.support.rule_source import CATALOGUE, as_plain, nested, parsed
from tests.support.rule_world import DuckdbWorld, Member, RuleWorld

HELSINKI = ZoneInfo("Europe/Helsinki")
AS_OF = datetime(2018, 1, 1, 10, 0, tzinfo=HELSINKI)
ENGINES: list[SqlEngine] = ["duckdb", "postgresql", "spark"]
DIALECTS = {"duckdb": "duckdb", "postgresql": "postgres", "spark": "spark"}


def scope(**audiences: Condition) -> RuleScope:
    return RuleScope(as_of=AS_OF, zone=HELSINKI, catalogue=CATALOGUE, audiences=audiences, salt="campaign")


def test_the_whole_statement() -> None:
    rule = parsed("{bought: {where: {department: [MEAT, SEAFOOD]}, within: 28 days, visits: {at_least: 2}}}")
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


def test_conditions_that_ask_the_same_of_the_same_lines_share_one_scan() -> None:
    rules = {
        "a": parsed("{bought: {within: 28 days, spend: {at_least: 20}}}"),
        "b": parsed("{bought: {within: 28 days, spend: {at_most: 5}, quantity: 3}}"),
        "c": parsed("{not: {bought: {within: 90 days}}}"),
    }
    sql = render_sql(select_conditions(rules, scope()), "duckdb")
    assert sql.count("FROM purchase_lines") == 2
    assert sql.count("SUM(purchase_lines.amount)") == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_every_value_is_a_parameter(engine: SqlEngine) -> None:
    rule = parsed("{all: [{first_name: O'Hara}, {birth_date: {from: 1990-01-01}}, {bought: {spend: {at_least: 20}}}]}")
    compiled = compile_for(select_conditions({"audience": rule}, scope()), engine)
    for text in ("Hara", "1990", "20", "2018"):
        assert text not in compiled.sql
    assert "O'Hara" in compiled.parameters.values()
    assert date(1990, 1, 1) in compiled.parameters.values()
    mark = "$" if engine == "duckdb" else ":"
    assert all(f"{mark}{name}" in compiled.sql for name in compiled.parameters)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_rule_is_readable_to_every_engine(engine: SqlEngine) -> None:
    random = seeded(7)
    author = RandomRules(random, AS_OF.date(), [])
    rules = {f"rule {number}": parsed(as_plain(author.rule())) for number in range(40)}
    sql = render_sql(select_conditions(rules, scope()), engine)
    assert sqlglot.parse_one(sql, read=DIALECTS[engine]).find(sqlglot.exp.Placeholder) is None
    assert "NOW(" not in sql.upper()


def test_the_text_answers_as_the_statement_does(warehouse: DuckdbWorld) -> None:
    random = seeded(11)
    chance = RandomWorld(random, AS_OF, HELSINKI)
    warehouse.show(chance.world())
    author = RandomRules(random, chance.today, [])
    rules = {f"rule {number}": parsed(as_plain(author.rule())) for number in range(20)}
    statement = select_conditions(rules, scope())
    compiled = compile_for(statement, "duckdb")
    bound = warehouse.connection.execute(compiled.sql, dict(compiled.parameters)).fetchall()
    assert sorted(warehouse.connection.execute(render_sql(statement, "duckdb")).fetchall()) == sorted(bound)


@pytest.mark.parametrize("engine", ENGINES)
def test_is_true_survives(engine: SqlEngine) -> None:
    judged = select_conditions({"audience": parsed("{region: Lappi}")}, scope()).subquery("judged")
    chosen = sa.select(judged.c.member_id).where(judged.c.audience.is_(True), judged.c.audience.is_not(False))
    sql = compile_for(chosen, engine).sql.upper()
    assert sql.count("IS TRUE") == 1
    assert sql.count("IS FALSE") + sql.count("IS NOT FALSE") == 1


def test_a_percent_sign_stays_one(warehouse: DuckdbWorld) -> None:
    warehouse.show(
        RuleWorld(members=[Member(member_id="m1", first_name="100 %"), Member(member_id="m2", first_name="%%")])
    )
    rule = parsed('{first_name: {is_not: "%%"}}')
    assert warehouse.answers({"a %": rule}, scope()) == {"a %": {"m1": True, "m2": False}}


def test_the_deepest_rule_that_is_allowed_is_answered(warehouse: DuckdbWorld) -> None:
    warehouse.show(RuleWorld(members=[Member(member_id="m1", birth_date=date(1999, 1, 1))]))
    deepest = parsed(as_plain({"any": [{"age": 1}, nested(49)]}))
    assert set(warehouse.answers({"rule": deepest}, scope())["rule"].values()) == {False}


def test_some_members_only(warehouse: DuckdbWorld) -> None:
    warehouse.show(RuleWorld(members=[Member(member_id=f"m{number}", region="Lappi") for number in range(3)]))
    narrow = RuleScope(as_of=AS_OF, zone=HELSINKI, catalogue=CATALOGUE, audiences={}, members=("m1", "m7"))
    rules = {"rule": parsed("{all: [{region: Lappi}, {not: {shopped: {}}}]}")}
    assert warehouse.answers(rules, narrow) == {"rule": {"m1": True}}


def test_a_moment_without_a_zone_is_refused() -> None:
    naive = RuleScope(as_of=AS_OF.replace(tzinfo=None), zone=HELSINKI, catalogue=CATALOGUE, audiences={})
    with pytest.raises(ValueError, match="without a zone"):
        select_conditions({"rule": parsed("{shopped: {within: 3 days}}")}, naive)


def test_a_date_before_what_is_kept_is_refused_at_its_rule() -> None:
    kept = parsed("{bought: {from: 2016-11-27}}")  # 400 days before as_of
    assert select_conditions({"rule": kept}, scope()) is not None
    gone = parsed("{all: [{bought: {from: 2016-11-26}}, {shopped: {to: 2012-12-31}}]}")
    with pytest.raises(UserError) as refused:
        select_conditions({"rule": gone}, scope())
    assert str(refused.value) == (
        "rule.yaml:1:16: 2016-11-26 is before 2016-11-27, the oldest day that is still kept [past_retention]\n"
        "  try: `from: 2016-11-27`\n"
        "rule.yaml:1:46: 2012-12-31 is before 2013-01-01, the oldest day that is still kept [past_retention]\n"
        "  try: `from: 2013-01-01`"
    )


def test_days_are_those_of_the_zone() -> None:
    rule = parsed("{shopped: {within: 1 day}}")
    moment = datetime(2018, 1, 1, 10, 0, tzinfo=UTC)
    for zone, begins in (
        ("Europe/Helsinki", datetime.fromisoformat("2017-12-30T22:00")),
        ("Asia/Tokyo", datetime.fromisoformat("2017-12-30T15:00")),
    ):
        asked = RuleScope(as_of=moment, zone=ZoneInfo(zone), catalogue=CATALOGUE, audiences={})
        compiled = compile_for(select_conditions({"rule": rule}, asked), "duckdb")
        assert begins in compiled.parameters.values()
