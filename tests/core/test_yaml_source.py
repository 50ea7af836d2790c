"""YAML source: plain values with positions, or one problem with a position for each error."""

import time
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.errors import FilePosition, UserError
from campaigns.core.yaml.source import MAX_BYTES, parse_yaml, read_yaml
from campaigns.core.yaml.tree import MAX_ALIASED_NODES, MAX_DEPTH


def _problems(content: bytes | str) -> list[tuple[str, str]]:
    data = content.encode() if isinstance(content, str) else content
    with pytest.raises(UserError) as raised:
        parse_yaml(data, "f.yaml")
    assert all(problem.hint for problem in raised.value.problems)
    return [(str(problem.place), problem.code) for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10:30", "10:30"),
        ("NO", "NO"),
        ("yes", "yes"),
        ("true", True),
        ("~", None),
        ("", None),
        ("42", 42),
        ("-7", -7),
        ("0x1F", 31),
        ("0o17", 15),
        ("0.95", Decimal("0.95")),
        ("1e2", Decimal("1e2")),
        ("1e999999999", "1e999999999"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("9" * 31, "9" * 31),
        ("1_000", "1_000"),
        ("2018-01-05", date(2018, 1, 5)),
        ("2018-02-30", "2018-02-30"),
        ("2018-01-05 10:30", "2018-01-05 10:30"),
        ('"42"', "42"),
        ("'2018-01-05'", "2018-01-05"),
        ("5 percent", "5 percent"),
    ],
)
def test_a_scalar_has_its_yaml_1_2_value(text: str, expected: object) -> None:
    value = parse_yaml(f"key: {text}\n".encode(), "f.yaml").part("key").value
    assert value == expected
    assert type(value) is type(expected)


def test_every_key_and_value_has_its_position() -> None:
    located = parse_yaml(b"title: x\nlist:\n  - a: 1\n  - {b: 2, c: [3, 4]}\n", "f.yaml")
    assert located.part("title").key_place == FilePosition("f.yaml", 1, 1)
    assert located.part("title").place == FilePosition("f.yaml", 1, 8)
    flow = located.part("list").part(1)
    assert flow.place == flow.key_place == FilePosition("f.yaml", 4, 5)
    assert flow.part("c").key_place == FilePosition("f.yaml", 4, 12)
    assert [item.place.column for item in flow.part("c").items()] == [16, 19]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a: [1, 2\nb: 3\n", ("f.yaml:1:4", "syntax")),
        ("a: {b: 1\n", ("f.yaml:1:4", "syntax")),
        ("a: 'x\nb: c", ("f.yaml:1:4", "syntax")),
        ('a: "\\q"\n', ("f.yaml:1:6", "syntax")),
        ("a: b: c\n", ("f.yaml:1:5", "syntax")),
        ("a: @x\n", ("f.yaml:1:4", "syntax")),
        ("a:\n  b: 1\n c: 2\n", ("f.yaml:3:2", "syntax")),
        ("a:\n\t- 1\n", ("f.yaml:2:1", "tab")),
        ("a: !!python/object:os.system x\n", ("f.yaml:1:4", "tag")),
        ("a: !mine {}\n", ("f.yaml:1:4", "tag")),
        ("a: !far!off x\n", ("f.yaml:1:4", "tag")),
        ("%YAML 1.1\n---\na: NO\n", ("f.yaml:2:1", "directive")),
        ("a: 1\n---\nb: 2\n", ("f.yaml:2:1", "several_documents")),
        ("a: *b\n", ("f.yaml:1:4", "unknown_alias")),
        ("a: &a {b: *a}\n", ("f.yaml:1:11", "unknown_alias")),
        ("1: x\n", ("f.yaml:1:1", "key_type")),
        ("? [a]\n: x\n", ("f.yaml:1:3", "key_type")),
        ("- a\n", ("f.yaml:1:1", "not_a_mapping")),
        ("", ("f.yaml", "empty_file")),
        ("# only a comment\n", ("f.yaml", "empty_file")),
        (b"\xef\xbb\xbfa: \xe4\n", ("f.yaml:1:4", "not_utf8")),
        ("a: b\nä: x\0\n", ("f.yaml:2:5", "control_character")),
    ],
)
def test_an_unreadable_file_is_one_problem_with_a_position(content: bytes | str, expected: tuple[str, str]) -> None:
    assert _problems(content) == [expected]


def test_all_duplicate_keys_are_reported_at_once() -> None:
    content = "a: 1\na: 2\nb: {c: 1, c: 2}\n2: x\n"
    assert _problems(content) == [
        ("f.yaml:2:1", "duplicate_key"),
        ("f.yaml:3:11", "duplicate_key"),
        ("f.yaml:4:1", "key_type"),
    ]


def test_a_byte_order_mark_is_accepted() -> None:
    located = parse_yaml("\ufeffname: Lähde\r\n".encode(), "f.yaml")
    assert located.value == {"name": "Lähde"}
    assert located.part("name").key_place == FilePosition("f.yaml", 1, 1)


def test_an_alias_repeats_its_anchor_under_its_own_path() -> None:
    located = parse_yaml(b"a: &x {b: [1]}\nc: *x\n", "f.yaml")
    assert located.value == {"a": {"b": [1]}, "c": {"b": [1]}}
    assert located.part("c").part("b").key_place == FilePosition("f.yaml", 1, 8)


def test_an_alias_bomb_is_refused_before_it_expands() -> None:
    rounds = "".join(f"k{n}: &k{n} [{', '.join([f'*k{n - 1}'] * 9)}]\n" for n in range(1, 12))
    assert [code for _, code in _problems(f"k0: &k0 [x, x, x]\n{rounds}")] == ["alias_bomb"]
    aliases = ", ".join(["*x"] * (MAX_ALIASED_NODES // 2))
    assert parse_yaml(f"a: &x [1]\nb: [{aliases}]\n".encode(), "f.yaml").value


def test_aliases_count_towards_the_depth_limit() -> None:
    half = MAX_DEPTH // 2 + 1
    content = f"a: &a {'[' * half}{']' * half}\nb: {'[' * half}*a{']' * half}\n"
    assert _problems(content) == [(f"f.yaml:2:{4 + half}", "too_deep")]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_is_refused_quickly(opening: str) -> None:
    start = time.process_time()
    assert [code for _, code in _problems("a:\n  " + opening * 1_000)] == ["too_deep"]
    assert time.process_time() - start < 1


def test_the_maximum_depth_is_read() -> None:
    lists = MAX_DEPTH - 1
    assert parse_yaml(f"a: {'[' * lists}{']' * lists}\n".encode(), "f.yaml").value
    assert _problems(f"a: {'[' * MAX_DEPTH}{']' * MAX_DEPTH}\n") == [(f"f.yaml:1:{3 + MAX_DEPTH}", "too_deep")]


def test_a_file_over_a_megabyte_is_not_parsed(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"a: 'never closed" + b" " * MAX_BYTES)
    with pytest.raises(UserError) as raised:
        read_yaml(path, "large.yaml")
    assert [(problem.place.file, problem.code) for problem in raised.value.problems] == [("large.yaml", "too_large")]


def test_a_missing_file_is_reported_by_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^win_back\.yaml: .*\[unreadable\]"):
        read_yaml(tmp_path / "nothing.yaml", "win_back.yaml")


@given(st.text(alphabet="ab:- \n\t#'\"[]{},&*!|>%@\\0", max_size=60) | st.binary(max_size=40).map(bytes))
def test_any_bytes_are_parsed_or_refused_with_a_user_error(content: str | bytes) -> None:
    data = content if isinstance(content, bytes) else content.encode()
    with suppress(UserError):
        assert isinstance(parse_yaml(data, "f.yaml").value, dict)


@pytest.mark.hostile
@pytest.mark.parametrize(
    ("content", "place"),
    [
        ('"\\ud800": x\n', "f.yaml:1:1"),
        ('x: "a\\udfff"\n', "f.yaml:1:4"),
        ('x: [a, {y: "\\ud83d"}]\n', "f.yaml:1:12"),
        ('a: b\n"x\\e[31m": y\n', "f.yaml:2:1"),
        ('"x\\ny": z\n', "f.yaml:1:1"),
    ],
    ids=["half_character_as_a_key", "half_character_in_a_text", "half_of_a_pair", "colours_in_a_key", "lines_in_a_key"],
)
def test_an_escape_that_cannot_be_printed_is_refused_with_its_place(content: str, place: str) -> None:
    assert _problems(content) == [(place, "control_character")]


def test_escapes_of_whole_characters_are_read() -> None:
    assert parse_yaml(b'x: "\\U0001F600 \\t\\n\\xA0"\n', "f.yaml").value == {"x": "\U0001f600 \t\n\xa0"}
