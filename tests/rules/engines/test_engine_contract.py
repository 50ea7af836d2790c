"""Contract of the rule engines: the same answers from DuckDB, PostgreSQL and Spark."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.rule_cases import SCOPE, RuleCases
from tests.support.rule_comparison import disagreements
from tests.support.rule_source import as_plain, parse_rule
from tests.support.rule_tables import HELSINKI, world_of
from tests.support.rule_world import Engine

ENGINES = ["duckdb", "postgresql", pytest.param("spark", marks=pytest.mark.spark)]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue(request.param)
    return engine


@pytest.fixture
def tokyo_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set a system time zone that is neither UTC nor the campaign's."""
    with monkeypatch.context() as zone:
        zone.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("tokyo_time")
def test_an_engine_answers_every_case_of_the_tables(engine: Engine, cases: RuleCases) -> None:
    engine.show(cases.world)
    answers = engine.answers(cases.conditions, SCOPE)
    actual = {name: {member: answers[name][member] for member in people} for name, people in cases.expected.items()}
    assert actual == cases.expected


LEAP_DAY = [{"birth_date": date(2000, 2, 29)}, {"birth_date": date(2000, 2, 28)}, {"birth_date": date(2000, 3, 1)}]
# by day: the age of each, and whether it is their birthday
END_OF_FEBRUARY = {
    date(2018, 2, 27): ((17, False), (17, False), (17, False)),
    date(2018, 2, 28): ((18, True), (18, True), (17, False)),
    date(2018, 3, 1): ((18, False), (18, False), (18, True)),
    date(2020, 2, 28): ((19, False), (20, True), (19, False)),
    date(2020, 2, 29): ((20, True), (20, False), (19, False)),
    date(2020, 3, 1): ((20, False), (20, False), (20, True)),
}


@pytest.mark.parametrize("day", END_OF_FEBRUARY, ids=str)
def test_age_is_completed_on_the_birthday_that_the_rules_celebrate(engine: Engine, day: date) -> None:
    engine.show(world_of(LEAP_DAY))
    rules = {**{f"age_{age}": {"age": age} for age in (17, 18, 19, 20)}, "birthday": {"birthday": "today"}}
    conditions = {name: parse_rule(as_plain(rule)) for name, rule in rules.items()}
    scope = replace(SCOPE, as_of=datetime(day.year, day.month, day.day, 12, tzinfo=HELSINKI))
    answers = engine.answers(conditions, scope)
    ages = [next(age for age in (17, 18, 19, 20) if answers[f"age_{age}"][f"m{number}"]) for number in (1, 2, 3)]
    birthdays = [answers["birthday"][f"m{number}"] for number in (1, 2, 3)]
    assert tuple(zip(ages, birthdays, strict=True)) == END_OF_FEBRUARY[day]


@given(random=st.randoms(use_true_random=True))
@settings(max_examples=examples(25), deadline=None, derandomize=True)
def test_postgresql_agrees_with_the_oracle(postgresql: Engine, random: Random) -> None:
    assert disagreements(postgresql, random) == []


@pytest.mark.spark
@given(random=st.randoms(use_true_random=True))
@settings(max_examples=examples(4), deadline=None, derandomize=True)
def test_spark_agrees_with_the_oracle(spark: Engine, random: Random) -> None:
    assert disagreements(spark, random) == []
