"""Contract of the rule engines: the same answers from DuckDB, PostgreSQL and Spark."""

import time
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.rule_cases import SCOPE, RuleCases
from tests.support.rule_comparison import disagreements
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


@given(random=st.randoms(use_true_random=True))
@settings(max_examples=examples(25), deadline=None, derandomize=True)
def test_postgresql_agrees_with_the_oracle(postgresql: Engine, random: Random) -> None:
    assert disagreements(postgresql, random) == []


@pytest.mark.spark
@given(random=st.randoms(use_true_random=True))
@settings(max_examples=examples(4), deadline=None, derandomize=True)
def test_spark_agrees_with_the_oracle(spark: Engine, random: Random) -> None:
    assert disagreements(spark, random) == []
