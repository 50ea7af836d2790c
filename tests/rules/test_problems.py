"""What an author is told about a wrong rule: the exact text, every problem at once, and never an exception."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.core.errors import Problem, UserError
from campaigns.core.yaml.source import parse_yaml
from campaigns.rules.operators import OPERATORS
from campaigns.rules.operators.measures import MEASURES
from campaigns.rules.parse import KEYWORDS, parse_condition
from tests.support.examples import examples
from tests.support.rule_source import BAD_RULES, VOCABULARY, as_plain, nested, problems_of

MANUAL = Path(__file__).parents[2] / "docs" / "rules.md"


def told(path: Path) -> str:
    return str(UserError(problems_of(parse_yaml(path.read_bytes(), path.name).part("match")))) + "\n"


@pytest.mark.parametrize("path", BAD_RULES, ids=lambda path: path.stem)
def test_bad_rule(path: Path) -> None:
    assert told(path) == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_a_bad_rule_is_no_rule() -> None:
    for path in BAD_RULES:
        assert parse_condition(parse_yaml(path.read_bytes(), path.name).part("match"), VOCABULARY, []) is None


def test_a_warning_lets_the_rule_pass() -> None:
    problems = problems_of("{age: [25, 64]}")
    assert [str(problem) for problem in problems] == [
        "rule.yaml:1:14: warning: a list means one of its values, here just two numbers for `age` [range_meant]\n"
        "  try: `{from: 25, to: 64}`"
    ]
    assert parse_condition(as_plain({"age": [25, 64]}), VOCABULARY, []) is not None


def test_fifty_levels_are_allowed_and_no_more() -> None:
    assert problems_of(as_plain(nested(50))) == []
    assert [problem.code for problem in problems_of(as_plain(nested(51)))] == ["too_deep"]


def test_two_thousand_parts_are_allowed_and_no_more() -> None:
    assert problems_of(as_plain({"any": [{"region": "Lappi"}] * 999})) == []  # a condition and its test each
    assert [problem.code for problem in problems_of(as_plain({"any": [{"region": "Lappi"}] * 1_000_000}))] == [
        "too_large"
    ]
    assert [problem.code for problem in problems_of(as_plain({"household_size": list(range(2_000))}))] == ["too_large"]


def test_a_rule_that_holds_itself_ends() -> None:
    ring: dict[str, object] = {}
    ring["not"] = ring
    assert [problem.code for problem in problems_of(as_plain(ring))] == ["too_deep"]


def test_every_code_is_explained_and_shown() -> None:
    shown = {code for path in BAD_RULES for code in re.findall(r"\[(\w+)\]$", told(path), re.MULTILINE)}
    shown |= {"too_deep", "too_large", "audience_cycle"}  # tested in Python
    section = MANUAL.read_text(encoding="utf-8").split("## When something is wrong")[1]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    explained = {code for row in rows for code in re.findall(r"`(\w+)`", row)}
    assert shown == explained


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates() | st.decimals()
inner_words = {
    "where",
    "of",
    "within",
    "from",
    "to",
    "times",
    "campaign",
    "purpose",
    "channel",
    "share",
    "salt",
    "health",
}
fields = {*VOCABULARY.member_fields, *VOCABULARY.line_fields}
words = st.sampled_from(sorted({*KEYWORDS, *OPERATORS, *MEASURES, *inner_words, *fields}))
keys = words | st.text(max_size=3) | st.integers(0, 3)
anything = st.recursive(
    scalars | st.sampled_from(["3 days", "60 days ago", "20 percent", "today", "owners", "99999 weeks"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)


@given(anything)
@settings(max_examples=examples(300), deadline=None)
def test_nothing_makes_the_parser_stumble(rule: object) -> None:
    problems: list[Problem] = []
    condition = parse_condition(as_plain(rule), VOCABULARY, problems)
    assert (condition is None) == any(problem.severity == "error" for problem in problems)
