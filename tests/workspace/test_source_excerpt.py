"""Source excerpts: the line of a problem and a caret under its column."""

from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.errors import FilePosition, Problem
from campaigns.workspace.source_excerpt import MAX_WIDTH, source_excerpt


def _problem(line: int, column: int, hint: str = "") -> Problem:
    return Problem(FilePosition("f.yaml", line, column), "no good", "code", hint)


def test_the_caret_is_under_the_column() -> None:
    text = "title: A\npurpose: markting\n"
    assert source_excerpt(_problem(2, 10, "`marketing`"), text) == (
        "f.yaml:2:10: no good [code]\n  2 | purpose: markting\n    |          ^\n  try: `marketing`"
    )


def test_a_problem_of_the_whole_file_has_no_excerpt() -> None:
    assert source_excerpt(_problem(0, 0, "write it"), "title: A\n") == "f.yaml: no good [code]\n  try: write it"


def test_a_line_beyond_the_text_is_left_out() -> None:
    assert source_excerpt(_problem(9, 1), "title: A\n") == "f.yaml:9:1: no good [code]"


def test_an_escape_sequence_never_reaches_the_terminal() -> None:
    assert "\x1b" not in source_excerpt(_problem(1, 1), "a: \x1b[2J\n")
    assert "\x1b" not in source_excerpt(_problem(1, 1, "\x1b]0;title\x07"), "a")
    named = Problem(FilePosition("f.csv", 1, 1), "`\x1b[2J` is no column", "code")
    assert source_excerpt(named, "a") == "f.csv:1:1: ` [2J` is no column [code]\n  1 | a\n    | ^"


def test_a_file_of_another_encoding_has_no_empty_excerpt() -> None:
    assert source_excerpt(_problem(1, 107), "") == "f.yaml:1:107: no good [code]"


@given(st.text(alphabet="ab:\t \x07ä", min_size=1, max_size=500), st.integers(0, 499))
def test_the_caret_marks_the_character_in_a_line_of_any_length(line: str, at: int) -> None:
    index = min(at, len(line) - 1)
    text = f"{line[:index]}X{line[index + 1 :]}"
    _, excerpt, caret = source_excerpt(_problem(1, index + 1), text).split("\n")
    assert excerpt[caret.index("^")] == "X"
    assert len(excerpt) <= MAX_WIDTH + len("  1 | ……")


def test_an_excerpt_fits_a_narrow_terminal() -> None:
    _, excerpt, caret = source_excerpt(_problem(1, 300), f"{'a' * 299}X{'b' * 300}", 72).split("\n")
    assert len(excerpt) <= 80
    assert excerpt[caret.index("^")] == "X"
