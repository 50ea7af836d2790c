"""Chance by keyed hash: golden values, the same in SQL and Python, and only the least moves when shares change."""

from collections import Counter
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import String, column
from sqlalchemy.dialects import postgresql

from audiences.holdout import arm, arm_of, in_share, is_in_share, threshold

SHARES = st.integers(0, 1000).map(lambda thousandths: Decimal(thousandths) / 1000)
KEYS = st.text(max_size=12)
HALVES = {"short": 50, "long": 50}


@pytest.mark.parametrize(
    ("share", "expected"),
    [("0", "00000000"), ("0.05", "0ccccccc"), ("0.5", "80000000"), ("0.999", "ffbe76c8"), ("1", "g")],
)
def test_a_share_is_a_threshold_of_hexadecimal_text(share: str, expected: str) -> None:
    assert threshold(Decimal(share)) == expected


def test_more_than_everybody_is_refused() -> None:
    with pytest.raises(ValueError, match="share"):
        threshold(Decimal("1.1"))


GOLDEN = [
    ("member:1", "autumn", "short"),
    ("member:2", "autumn", "short"),
    ("member:3", "autumn", "long"),
    ("household:äö", "autumn", "long"),
    ("member:1", "spring", "short"),
    ("email:a@x.fi", "spring", "short"),
]


@pytest.mark.parametrize(("key", "salt", "expected"), GOLDEN)
def test_a10_the_same_unit_gets_the_same_arm_for_ever(key: str, salt: str, expected: str) -> None:
    assert arm_of(key, salt, HALVES) == expected


@pytest.mark.parametrize("salt", ["autumn", "", "ä: ö"])
@pytest.mark.parametrize("share", ["0", "0.05", "0.5", "1"])
def test_sql_and_python_draw_alike(salt: str, share: str) -> None:
    units = [f"member:{number}" for number in range(500)] + ["", "household:ÄÖ", "email:a'b%c@x.fi"]
    key, part = column("unit", String()), Decimal(share)
    drawn = [
        expression.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
        for expression in (in_share(key, salt, part), arm(key, salt, HALVES))
    ]
    with duckdb.connect() as connection:
        connection.register("units", pa.table({"unit": units}))
        found = connection.execute(f"SELECT unit, {drawn[0]}, {drawn[1]} FROM units").fetchall()
    assert found == [(unit, is_in_share(unit, salt, part), arm_of(unit, salt, HALVES)) for unit in units]


@given(KEYS, SHARES, SHARES)
def test_a_larger_share_contains_a_smaller_one(key: str, one: Decimal, other: Decimal) -> None:
    if is_in_share(key, "salt", min(one, other)):
        assert is_in_share(key, "salt", max(one, other))


def test_a10_shifting_the_split_moves_only_the_least() -> None:
    before = {str(key): arm_of(str(key), "s", {"a": 50, "b": 50}) for key in range(2000)}
    after = {str(key): arm_of(str(key), "s", {"a": 60, "b": 40}) for key in range(2000)}
    moved = {(before[key], after[key]) for key in before if before[key] != after[key]}
    assert moved == {("b", "a")}


def test_shares_are_even() -> None:
    counted = Counter(arm_of(str(key), "s", {"a": 20, "b": 30, "c": 50}) for key in range(20_000))
    assert {name: round(count / 200) for name, count in counted.items()} == pytest.approx(
        {"a": 20, "b": 30, "c": 50}, abs=1
    )
