"""The tables of cases beside this: what each operator, measure and condition answers, members in and truth out."""

from datetime import date, datetime
from pathlib import Path

import pytest

from campaigns.rules.operators import OPERATORS
from campaigns.rules.operators.measures import MEASURES
from campaigns.rules.operators.operator import NullHandling
from campaigns.rules.parse import KEYWORDS
from campaigns.rules.scope import RuleScope
from tests.support.rule_source import CATALOGUE, HERE, as_plain, parsed
from tests.support.rule_tables import AS_OF, AUDIENCES, HELSINKI, RuleCase, cases, table, world_of
from tests.support.rule_world import DuckdbWorld

EVERY_CASE = [*cases("operators"), *cases("measures"), *cases("conditions")]


@pytest.mark.parametrize("case", EVERY_CASE, ids=lambda case: case.name)
def test_case(warehouse: DuckdbWorld, case: RuleCase) -> None:
    world = world_of(case.people)
    warehouse.show(world)
    scope = RuleScope(as_of=AS_OF, zone=HELSINKI, catalogue=CATALOGUE, audiences=AUDIENCES, salt="campaign")
    answers = warehouse.answers({"rule": parsed(as_plain(case.rule))}, scope)["rule"]
    told = [(person, answers[member.member_id]) for person, member in zip(case.people, world.members, strict=True)]
    assert told == list(zip(case.people, case.expected, strict=True))


def stems(folder: str) -> set[str]:
    return {path.stem for path in (HERE / folder).glob("*.yaml")}


def test_every_word_has_a_table() -> None:
    assert stems("operators") == set(OPERATORS)
    assert stems("measures") == set(MEASURES)
    assert stems("conditions") == {*KEYWORDS, "register", "age"}


def test_every_table_tells_what_comes_of_nothing() -> None:
    for word, operator in OPERATORS.items():
        for case in table(HERE / "operators" / f"{word}.yaml"):
            answered = None not in case.get("unknown", [])
            assert answered is (operator.null_handling is NullHandling.ANSWERED), f"{word}: {case['rule']}"


def test_the_registry_calls_each_record_by_its_word() -> None:
    assert {word: operator.keyword for word, operator in OPERATORS.items()} == {word: word for word in OPERATORS}
    assert {word: measure.keyword for word, measure in MEASURES.items()} == {word: word for word in MEASURES}


def test_every_word_is_explained() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
    headings = {line.strip("# `") for line in manual.splitlines() if line.startswith("### `")}
    written = {word for word, operator in OPERATORS.items() if operator.explicit}
    assert headings >= written | set(MEASURES) | {*KEYWORDS, "register", "age", "where", "of", "times"}


def test_sample_is_the_same_everywhere(warehouse: DuckdbWorld) -> None:
    """A golden vector: other members would be another campaign."""
    people = [{"member_id": f"m{number}"} for number in range(1, 13)]
    warehouse.show(world_of(people))
    scope = RuleScope(as_of=AS_OF, zone=HELSINKI, catalogue=CATALOGUE, audiences={}, salt="service_survey")
    answers = warehouse.answers({"rule": parsed(as_plain({"sample": "20 percent"}))}, scope)["rule"]
    assert sorted(member for member, chosen in answers.items() if chosen) == ["m7"]


def test_a_year_is_completed_on_the_28th_where_there_is_no_29th(warehouse: DuckdbWorld) -> None:
    warehouse.show(world_of([{"birth_date": date(2000, 2, 29)}]))
    rule = parsed(as_plain({"all": [{"age": 18}, {"birthday": "today"}]}))
    for day, expected in ((27, False), (28, True)):
        as_of = datetime(2018, 2, day, 12, tzinfo=HELSINKI)
        scope = RuleScope(as_of=as_of, zone=HELSINKI, catalogue=CATALOGUE, audiences={})
        assert warehouse.answers({"rule": rule}, scope)["rule"] == {"m1": expected}
