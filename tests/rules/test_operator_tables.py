"""Case tables in this folder: answers of every operator, measure and condition."""

from datetime import date, datetime
from pathlib import Path

import pytest

from campaigns.rules.operators import OPERATORS
from campaigns.rules.operators.measures import MEASURES
from campaigns.rules.operators.operator import NullHandling
from campaigns.rules.parse import KEYWORDS
from campaigns.rules.scope import RuleScope
from tests.support.rule_source import CATALOGUE, RULES_FOLDER, as_plain, parse_rule
from tests.support.rule_tables import AS_OF, AUDIENCES, HELSINKI, RuleCase, cases, table, world_of
from tests.support.rule_world import DuckdbWorld

EVERY_CASE = [*cases("operators"), *cases("measures"), *cases("conditions")]


@pytest.mark.parametrize("case", EVERY_CASE, ids=lambda case: case.name)
def test_a_case_of_the_tables_has_its_expected_answers(warehouse: DuckdbWorld, case: RuleCase) -> None:
    world = world_of(case.people)
    warehouse.show(world)
    scope = RuleScope(as_of=AS_OF, zone=HELSINKI, catalogue=CATALOGUE, audiences=AUDIENCES, salt="campaign")
    answers = warehouse.answers({"rule": parse_rule(as_plain(case.rule))}, scope)["rule"]
    actual = [(person, answers[member.member_id]) for person, member in zip(case.people, world.members, strict=True)]
    assert actual == list(zip(case.people, case.expected, strict=True))


def table_names(folder: str) -> set[str]:
    return {path.stem for path in (RULES_FOLDER / folder).glob("*.yaml")}


def test_every_keyword_has_a_table() -> None:
    assert table_names("operators") == set(OPERATORS)
    assert table_names("measures") == set(MEASURES)
    assert table_names("conditions") == {*KEYWORDS, "register", "age"}


def test_every_table_covers_missing_values() -> None:
    for keyword, operator in OPERATORS.items():
        for case in table(RULES_FOLDER / "operators" / f"{keyword}.yaml"):
            is_answered = None not in case.get("unknown", [])
            assert is_answered is (operator.null_handling is NullHandling.ANSWERED), f"{keyword}: {case['rule']}"


def test_the_registry_lists_each_record_under_its_keyword() -> None:
    assert {keyword: operator.keyword for keyword, operator in OPERATORS.items()} == {
        keyword: keyword for keyword in OPERATORS
    }
    assert {keyword: measure.keyword for keyword, measure in MEASURES.items()} == {
        keyword: keyword for keyword in MEASURES
    }


def test_every_keyword_has_a_section_in_the_rules_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
    headings = {line.strip("# `") for line in page.splitlines() if line.startswith("### `")}
    explicit_keywords = {keyword for keyword, operator in OPERATORS.items() if operator.explicit}
    assert headings >= explicit_keywords | set(MEASURES) | {*KEYWORDS, "register", "age", "where", "of", "times"}


def test_a_sample_selects_the_same_members_everywhere(warehouse: DuckdbWorld) -> None:
    """Golden vector: other members would change running campaigns."""
    people = [{"member_id": f"m{number}"} for number in range(1, 13)]
    warehouse.show(world_of(people))
    scope = RuleScope(as_of=AS_OF, zone=HELSINKI, catalogue=CATALOGUE, audiences={}, salt="service_survey")
    answers = warehouse.answers({"rule": parse_rule(as_plain({"sample": "20 percent"}))}, scope)["rule"]
    assert sorted(member for member, is_sampled in answers.items() if is_sampled) == ["m7"]


def test_a_birthday_on_29_february_is_on_the_28th_in_other_years(warehouse: DuckdbWorld) -> None:
    warehouse.show(world_of([{"birth_date": date(2000, 2, 29)}]))
    rule = parse_rule(as_plain({"all": [{"age": 18}, {"birthday": "today"}]}))
    for day, expected in ((27, False), (28, True)):
        as_of = datetime(2018, 2, day, 12, tzinfo=HELSINKI)
        scope = RuleScope(as_of=as_of, zone=HELSINKI, catalogue=CATALOGUE, audiences={})
        assert warehouse.answers({"rule": rule}, scope)["rule"] == {"m1": expected}
