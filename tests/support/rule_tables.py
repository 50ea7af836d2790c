"""Case tables of the rule language: members and the expected answers."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.core.yaml.source import parse_yaml
from tests.support.rule_source import RULES_FOLDER, parse_rule
from tests.support.rule_world import Click, Line, Member, Receipt, RuleWorld, SentMessage, Truth

HELSINKI = ZoneInfo("Europe/Helsinki")
AS_OF = datetime(2018, 1, 1, 10, 0, tzinfo=HELSINKI)
EXAMPLES = RULES_FOLDER.parent / "examples" / "audiences"
AUDIENCES = {
    name: parse_rule(parse_yaml((EXAMPLES / f"{name}.yaml").read_bytes(), name).part("match"))
    for name in ("active_members", "beauty_buyers")
}
TRUTHS: dict[str, Truth] = {"holds": True, "fails": False, "unknown": None}
NOON = "2017-12-31 12:00"


@dataclass(frozen=True)
class RuleCase:
    """One rule, some people, and its expected answer for each of them."""

    name: str
    rule: Any
    people: list[dict[str, Any]]
    expected: list[Truth]


def table(path: Path) -> list[dict[str, Any]]:
    content = parse_yaml(b"cases:\n" + path.read_bytes(), path.name).value
    assert isinstance(content, dict)
    rows: list[dict[str, Any]] = content["cases"]
    return rows


def cases(folder: str) -> list[RuleCase]:
    return [
        RuleCase(f"{path.stem}-{number}", case["rule"], *_people_of_case(folder, case))
        for path in sorted((RULES_FOLDER / folder).glob("*.yaml"))
        for number, case in enumerate(table(path), 1)
    ]


def _people_of_case(folder: str, case: dict[str, Any]) -> tuple[list[dict[str, Any]], list[Truth]]:
    """Return the people and answers of a case; tables of operators and measures list one value each."""
    values, expected = flat_values(case)
    if folder == "operators":
        column = case["column"]
        return [{column: column_value(column, value)} for value in values], expected
    if folder == "measures":
        source = "receipts" if "shopped" in str(case["rule"]) else "lines"
        return [{source: value} for value in values], expected
    return values, expected


def instant(text: str) -> datetime:
    """Return wall-clock text of Helsinki as the warehouse stores it."""
    wall = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=HELSINKI)
    return wall.astimezone(UTC).replace(tzinfo=None)


def column_value(column: str, value: Any) -> Any:
    if column == "last_login" and value is not None:
        return instant(value)
    return Decimal(value) if column == "bonus_last_month" and value is not None else value


def events(kind: Any, member_id: str, rows: list[dict[str, Any]], time: str) -> list[Any]:
    """Return rows as event records: `at` is a wall-clock text, missing values are the record's defaults."""
    column_names = {field.name for field in fields(kind)}
    row_values = [
        {key: Decimal(value) if isinstance(value, int) else value for key, value in row.items() if key != "at"}
        for row in rows
    ]
    return [
        kind(member_id=member_id, **{time: instant(row.get("at", NOON))}, **values)
        for row, values in zip(rows, row_values, strict=True)
        if values.keys() <= column_names
    ]


def world_of(people: list[dict[str, Any]]) -> RuleWorld:
    """Return a world with one member for each person of a table."""
    members, receipts, lines, sent, clicks = [], [], [], [], []
    for number, person in enumerate(people, 1):
        profile = {key: value for key, value in person.items() if key not in ("receipts", "lines", "sent", "clicks")}
        member = Member(**{"member_id": f"m{number}", **profile})
        members.append(member)
        receipts += events(Receipt, member.member_id, person.get("receipts", []), "purchased_at")
        lines += events(Line, member.member_id, person.get("lines", []), "purchased_at")
        sent += events(SentMessage, member.member_id, person.get("sent", []), "sent_at")
        clicks += events(Click, member.member_id, person.get("clicks", []), "clicked_at")
    return RuleWorld(members=members, receipts=receipts, lines=lines, sent=sent, clicks=clicks)


def flat_values(case: dict[str, Any]) -> tuple[list[Any], list[Truth]]:
    """Return the values of a case and the expected answer for each."""
    pairs = [(value, truth) for answer, truth in TRUTHS.items() for value in case.get(answer, [])]
    return [value for value, _ in pairs], [truth for _, truth in pairs]
