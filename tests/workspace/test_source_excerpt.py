"""A problem is shown with its line and a caret exactly under its place."""

from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.errors import FilePosition, Problem
from campaigns.workspace.source_excerpt import MAX_WIDTH, source_excerpt


def _problem(line: int, column: int, hint: str = "") -> Problem:
    return Problem(FilePosition("f.yaml", line, column), "no good", "code", hint)


def test_the_caret_stands_under_the_column() -> None:
    text = "title: A\npurpose: markting\n"
    assert source_excerpt(_problem(2, 10, "`marketing`"), text) == (
        "f.yaml:2:10: no good [code]\n  2 | purpose: markting\n    |          ^\n  try: `marketing`"
    )


def test_a_problem_of_the_whole_file_has_no_line() -> None:
    assert source_excerpt(_problem(0, 0, "write it"), "title: A\n") == "f.yaml: no good [code]\n  try: write it"


def test_a_line_that_the_text_does_not_have_is_left_out() -> None:
    assert source_excerpt(_problem(9, 1), "title: A\n") == "f.yaml:9:1: no good [code]"


def test_an_escape_sequence_does_not_reach_the_terminal() -> None:
    assert "\x1b" not in source_excerpt(_problem(1, 1), "a: \x1b[2J\n")


@given(st.text(alphabet="ab:\t \x07ä", min_size=1, max_size=500), st.integers(0, 499))
def test_the_caret_points_at_the_character_however_long_the_line(line: str, at: int) -> None:
    index = min(at, len(line) - 1)
    marked = f"{line[:index]}X{line[index + 1 :]}"
    _, shown, caret = source_excerpt(_problem(1, index + 1), marked).split("\n")
    assert shown[caret.index("^")] == "X"
    assert len(shown) <= MAX_WIDTH + len("  1 | ……")
