"""Problems of bad rules: exact texts, all reported at once, never an exception."""

import re
from dataclasses import replace
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

RULES_PAGE = Path(__file__).parents[2] / "docs" / "rules.md"


def problem_texts(path: Path) -> str:
    return str(UserError(problems_of(parse_yaml(path.read_bytes(), path.name).part("match")))) + "\n"


@pytest.mark.parametrize("path", BAD_RULES, ids=lambda path: path.stem)
def test_a_bad_rule_is_refused_with_its_expected_text(path: Path) -> None:
    assert problem_texts(path) == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_a_bad_rule_gives_no_condition() -> None:
    for path in BAD_RULES:
        assert parse_condition(parse_yaml(path.read_bytes(), path.name).part("match"), VOCABULARY, []) is None


def test_a_warning_does_not_refuse_the_rule() -> None:
    problems = problems_of("{age: [25, 64]}")
    assert [str(problem) for problem in problems] == [
        "rule.yaml:1:14: warning: a list means one of its values, here just two numbers for `age` [range_meant]\n"
        "  try: `{from: 25, to: 64}`"
    ]
    assert parse_condition(as_plain({"age": [25, 64]}), VOCABULARY, []) is not None


def test_more_than_fifty_levels_are_refused() -> None:
    assert problems_of(as_plain(nested(50))) == []
    assert [problem.code for problem in problems_of(as_plain(nested(51)))] == ["too_deep"]


def test_more_than_two_thousand_parts_are_refused() -> None:
    assert problems_of(as_plain({"any": [{"region": "Lappi"}] * 999})) == []  # a condition and its test each
    assert [problem.code for problem in problems_of(as_plain({"any": [{"region": "Lappi"}] * 1_000_000}))] == [
        "too_large"
    ]
    assert [problem.code for problem in problems_of(as_plain({"household_size": list(range(2_000))}))] == ["too_large"]


def test_a_rule_that_contains_itself_is_refused() -> None:
    cycle: dict[str, object] = {}
    cycle["not"] = cycle
    assert [problem.code for problem in problems_of(as_plain(cycle))] == ["too_deep"]


def test_a_name_unlike_any_of_many_audiences_has_a_next_step() -> None:
    vocabulary = replace(VOCABULARY, audiences=frozenset(f"a{number}" for number in range(13)))
    [problem] = problems_of("{audience: zzzz}", vocabulary)
    assert (problem.code, problem.hint) == ("unknown_audience", "one of the files in `config/audiences/`")


def test_every_problem_code_is_documented_and_tested() -> None:
    codes = {code for path in BAD_RULES for code in re.findall(r"\[(\w+)\]$", problem_texts(path), re.MULTILINE)}
    codes |= {"too_deep", "too_large", "audience_cycle", "column_purpose"}  # tested in Python
    codes |= {"unprotected_goods", "none_in_future", "missing_goods", "doubtful_none", "unreviewed_categories"}
    section = RULES_PAGE.read_text(encoding="utf-8").split("## When something is wrong")[1]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    documented = {code for row in rows for code in re.findall(r"`(\w+)`", row)}
    assert codes == documented


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates() | st.decimals()
inner_keywords = {
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
keywords = st.sampled_from(sorted({*KEYWORDS, *OPERATORS, *MEASURES, *inner_keywords, *fields}))
keys = keywords | st.text(max_size=3) | st.integers(0, 3)
any_rule = st.recursive(
    scalars | st.sampled_from(["3 days", "60 days ago", "20 percent", "today", "owners", "99999 weeks"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)


@given(any_rule)
@settings(max_examples=examples(300), deadline=None)
def test_any_input_becomes_a_condition_or_an_error(rule: object) -> None:
    problems: list[Problem] = []
    condition = parse_condition(as_plain(rule), VOCABULARY, problems)
    assert (condition is None) == any(problem.severity == "error" for problem in problems)
