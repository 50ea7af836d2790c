"""The tables of cases beside this: what each operator, measure and condition answers, members in and truth out."""

from dataclasses import fields
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns.loading.yaml_source import parse_yaml
from campaigns.rules.operators import OPERATORS
from campaigns.rules.operators.measures import MEASURES
from campaigns.rules.operators.operator import Nothing
from campaigns.rules.parse import KEYWORDS
from campaigns.rules.scope import Scope
from tests.rules.world import Click, Line, Member, Receipt, Sent, Truth, Warehouse, World
from tests.rules.written import CATALOGUE, HERE, parsed, plain

HELSINKI = ZoneInfo("Europe/Helsinki")
AS_OF = datetime(2018, 1, 1, 10, 0, tzinfo=HELSINKI)
EXAMPLES = HERE.parent / "examples" / "audiences"
AUDIENCES = {
    name: parsed(parse_yaml((EXAMPLES / f"{name}.yaml").read_bytes(), name).part("match"))
    for name in ("active_members", "beauty_buyers")
}
TRUTHS: dict[str, Truth] = {"holds": True, "fails": False, "unknown": None}
NOON = "2017-12-31 12:00"


def table(path: Path) -> list[dict[str, Any]]:
    read = parse_yaml(b"cases:\n" + path.read_bytes(), path.name).value
    assert isinstance(read, dict)
    rows: list[dict[str, Any]] = read["cases"]
    return rows


def cases(folder: str) -> list[Any]:
    return [
        pytest.param(case, id=f"{path.stem}-{number}")
        for path in sorted((HERE / folder).glob("*.yaml"))
        for number, case in enumerate(table(path), 1)
    ]


def instant(text: str) -> datetime:
    """Wall-clock text of Helsinki as the warehouse stores it."""
    wall = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=HELSINKI)
    return wall.astimezone(UTC).replace(tzinfo=None)


def column_value(column: str, value: Any) -> Any:
    if column == "last_login" and value is not None:
        return instant(value)
    return Decimal(value) if column == "bonus_last_month" and value is not None else value


def events(kind: Any, member_id: str, rows: list[dict[str, Any]], time: str) -> list[Any]:
    """Rows as the tables write them: `at` is a wall-clock text, what is left out is the row's own default."""
    known = {each.name for each in fields(kind)}
    told = [
        {key: Decimal(value) if isinstance(value, int) else value for key, value in row.items() if key != "at"}
        for row in rows
    ]
    return [
        kind(member_id=member_id, **{time: instant(row.get("at", NOON))}, **values)
        for row, values in zip(rows, told, strict=True)
        if values.keys() <= known
    ]


def world_of(people: list[dict[str, Any]]) -> World:
    """One member each, with what the table tells of them."""
    members, receipts, lines, sent, clicks = [], [], [], [], []
    for number, person in enumerate(people, 1):
        profile = {key: value for key, value in person.items() if key not in ("receipts", "lines", "sent", "clicks")}
        member = Member(**{"member_id": f"m{number}", **profile})
        members.append(member)
        receipts += events(Receipt, member.member_id, person.get("receipts", []), "purchased_at")
        lines += events(Line, member.member_id, person.get("lines", []), "purchased_at")
        sent += events(Sent, member.member_id, person.get("sent", []), "sent_at")
        clicks += events(Click, member.member_id, person.get("clicks", []), "clicked_at")
    return World(members=members, receipts=receipts, lines=lines, sent=sent, clicks=clicks)


def check(warehouse: Warehouse, rule: Any, people: list[dict[str, Any]], expected: list[Truth]) -> None:
    world = world_of(people)
    warehouse.show(world)
    scope = Scope(as_of=AS_OF, zone=HELSINKI, catalogue=CATALOGUE, audiences=AUDIENCES, salt="campaign")
    answers = warehouse.answers({"rule": parsed(plain(rule))}, scope)["rule"]
    told = [(person, answers[member.member_id]) for person, member in zip(people, world.members, strict=True)]
    assert told == list(zip(people, expected, strict=True))


def flat(case: dict[str, Any]) -> tuple[list[Any], list[Truth]]:
    """The values of a case, and what each is expected to give."""
    pairs = [(value, truth) for word, truth in TRUTHS.items() for value in case.get(word, [])]
    return [value for value, _ in pairs], [truth for _, truth in pairs]


@pytest.mark.parametrize("case", cases("operators"))
def test_operator(warehouse: Warehouse, case: dict[str, Any]) -> None:
    values, expected = flat(case)
    column = case["column"]
    check(warehouse, case["rule"], [{column: column_value(column, value)} for value in values], expected)


@pytest.mark.parametrize("case", cases("measures"))
def test_measure(warehouse: Warehouse, case: dict[str, Any]) -> None:
    values, expected = flat(case)
    source = "receipts" if "shopped" in str(case["rule"]) else "lines"
    check(warehouse, case["rule"], [{source: value} for value in values], expected)


@pytest.mark.parametrize("case", cases("conditions"))
def test_condition(warehouse: Warehouse, case: dict[str, Any]) -> None:
    check(warehouse, case["rule"], *flat(case))


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
            assert answered is (operator.over_nothing is Nothing.ANSWERED), f"{word}: {case['rule']}"


def test_the_registry_calls_each_record_by_its_word() -> None:
    assert {word: operator.word for word, operator in OPERATORS.items()} == {word: word for word in OPERATORS}
    assert {word: measure.word for word, measure in MEASURES.items()} == {word: word for word in MEASURES}


def test_every_word_is_explained() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
    headings = {line.strip("# `") for line in manual.splitlines() if line.startswith("### `")}
    written = {word for word, operator in OPERATORS.items() if operator.written}
    assert headings >= written | set(MEASURES) | {*KEYWORDS, "register", "age", "where", "of", "times"}


def test_sample_is_the_same_everywhere(warehouse: Warehouse) -> None:
    """A golden vector: other members would be another campaign."""
    people = [{"member_id": f"m{number}"} for number in range(1, 13)]
    warehouse.show(world_of(people))
    scope = Scope(as_of=AS_OF, zone=HELSINKI, catalogue=CATALOGUE, audiences={}, salt="service_survey")
    answers = warehouse.answers({"rule": parsed(plain({"sample": "20 percent"}))}, scope)["rule"]
    assert sorted(member for member, chosen in answers.items() if chosen) == ["m7"]


def test_a_year_is_completed_on_the_28th_where_there_is_no_29th(warehouse: Warehouse) -> None:
    warehouse.show(world_of([{"birth_date": date(2000, 2, 29)}]))
    rule = parsed(plain({"all": [{"age": 18}, {"birthday": "today"}]}))
    for day, expected in ((27, False), (28, True)):
        as_of = datetime(2018, 2, day, 12, tzinfo=HELSINKI)
        scope = Scope(as_of=as_of, zone=HELSINKI, catalogue=CATALOGUE, audiences={})
        assert warehouse.answers({"rule": rule}, scope)["rule"] == {"m1": expected}
