"""Shares of the processes that run tests: groups whole, neighbours together, the last tests singly."""

from tests.support.xdist_groups import NEIGHBOURS, SINGLE, scopes

GROUPED = "tests/web/test_member_browser.py::test_one"
FILLER = [f"tests/core/test_filler.py::test_{number}" for number in range(SINGLE)]


def test_a_group_is_dealt_whole_and_its_neighbours_apart() -> None:
    tests = [GROUPED, "tests/web/test_desk.py::test_two", GROUPED.replace("one", "three"), *FILLER]
    shares = scopes(tests)
    assert [shares[test] for test in tests[:3]] == ["browser", tests[1], "browser"]


def test_tests_beside_those_of_a_group_in_one_module_are_not_in_it() -> None:
    tests = [f"tests/docs/test_command_lines.py::{name}" for name in ("test_command_line_runs_[a]", "test_b", "test_c")]
    shares = scopes([*tests, *FILLER])
    assert [shares[test] for test in tests] == ["demonstration", tests[1], tests[1]]


def test_neighbours_share_a_process_some_at_a_time() -> None:
    tests = [f"tests/core/test_one.py::test_{number}" for number in range(NEIGHBOURS + 2)]
    shares = scopes([*tests, *FILLER])
    assert [shares[test] for test in tests] == [tests[0]] * NEIGHBOURS + [tests[NEIGHBOURS]] * 2


def test_the_last_tests_are_dealt_singly() -> None:
    shares = scopes([*FILLER, *(f"{test}_again" for test in FILLER)])
    assert all(shares[f"{test}_again"] == f"{test}_again" for test in FILLER)
