"""Chance by keyed hash: golden values, the same in SQL and Python, and only the least moves when shares change."""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, String, column
from sqlalchemy.dialects import postgresql

from audiences.people.bucketing import arm_sql, hash_threshold, in_share_sql, is_in_share

SHARES = st.integers(0, 1000).map(lambda thousandths: Decimal(thousandths) / 1000)
KEYS = st.text(max_size=12)
HALVES = {"short": 50, "long": 50}
UNIT = column("unit", String())


@pytest.mark.parametrize(
    ("share", "expected"),
    [("0", "00000000"), ("0.05", "0ccccccc"), ("0.5", "80000000"), ("0.999", "ffbe76c8"), ("1", "g")],
)
def test_a_share_is_a_threshold_of_hexadecimal_text(share: str, expected: str) -> None:
    assert hash_threshold(Decimal(share)) == expected


def test_more_than_everybody_is_refused() -> None:
    with pytest.raises(ValueError, match="share"):
        hash_threshold(Decimal("1.1"))


GOLDEN = [
    ("member:1", "autumn", "short"),
    ("member:2", "autumn", "short"),
    ("member:3", "autumn", "long"),
    ("household:äö", "autumn", "long"),
    ("member:1", "spring", "short"),
    ("email:a@x.fi", "spring", "short"),
]


def in_sql(units: list[str], *expressions: ColumnElement[Any]) -> list[tuple[Any, ...]]:
    """Each unit with what a plan would draw for it: expressions over the column `unit`."""
    dialect, literals = postgresql.dialect(), {"literal_binds": True}
    drawn = ", ".join(str(each.compile(dialect=dialect, compile_kwargs=literals)) for each in expressions)
    with duckdb.connect() as connection:
        connection.register("units", pa.table({"unit": units}))
        return connection.execute(f"SELECT unit, {drawn} FROM units").fetchall()


def arms_of(units: list[str], salt: str, arms: Mapping[str, int]) -> dict[str, str]:
    return dict(in_sql(units, arm_sql(UNIT, salt, arms)))


@pytest.mark.parametrize(("key", "salt", "expected"), GOLDEN)
def test_a10_the_same_unit_gets_the_same_arm_for_ever(key: str, salt: str, expected: str) -> None:
    assert arms_of([key], salt, HALVES) == {key: expected}


@pytest.mark.parametrize("salt", ["autumn", "", "ä: ö"])
@pytest.mark.parametrize("share", ["0", "0.05", "0.5", "1"])
def test_sql_and_python_draw_alike(salt: str, share: str) -> None:
    units = [f"member:{number}" for number in range(500)] + ["", "household:ÄÖ", "email:a'b%c@x.fi"]
    part = Decimal(share)
    assert in_sql(units, in_share_sql(UNIT, salt, part)) == [(unit, is_in_share(unit, salt, part)) for unit in units]


@given(KEYS, SHARES, SHARES)
def test_a_larger_share_contains_a_smaller_one(key: str, one: Decimal, other: Decimal) -> None:
    if is_in_share(key, "salt", min(one, other)):
        assert is_in_share(key, "salt", max(one, other))


def test_a10_shifting_the_split_moves_only_the_least() -> None:
    units = [str(number) for number in range(2000)]
    before, after = (arms_of(units, "s", {"a": most, "b": 100 - most}) for most in (50, 60))
    moved = {(before[key], after[key]) for key in before if before[key] != after[key]}
    assert moved == {("b", "a")}


def test_shares_are_even() -> None:
    units = [str(number) for number in range(20_000)]
    counted = Counter(arms_of(units, "s", {"a": 20, "b": 30, "c": 50}).values())
    assert {name: round(count / 200) for name, count in counted.items()} == pytest.approx(
        {"a": 20, "b": 30, "c": 50}, abs=1
    )
