"""Keyed-hash buckets: golden values, the same in SQL and Python, and few moves when shares change."""

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
def test_share_becomes_a_hexadecimal_threshold(share: str, expected: str) -> None:
    assert hash_threshold(Decimal(share)) == expected


def test_share_above_one_is_refused() -> None:
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


def evaluate_in_sql(units: list[str], *expressions: ColumnElement[Any]) -> list[tuple[Any, ...]]:
    """Evaluate expressions over the column `unit` for each unit, as a plan does."""
    dialect, literals = postgresql.dialect(), {"literal_binds": True}
    columns = ", ".join(str(expression.compile(dialect=dialect, compile_kwargs=literals)) for expression in expressions)
    with duckdb.connect() as connection:
        connection.register("units", pa.table({"unit": units}))
        return connection.execute(f"SELECT unit, {columns} FROM units").fetchall()


def assign_arms(units: list[str], salt: str, arms: Mapping[str, int]) -> dict[str, str]:
    return dict(evaluate_in_sql(units, arm_sql(UNIT, salt, arms)))


@pytest.mark.parametrize(("key", "salt", "expected"), GOLDEN)
def test_a10_unit_keeps_its_arm_for_ever(key: str, salt: str, expected: str) -> None:
    assert assign_arms([key], salt, HALVES) == {key: expected}


@pytest.mark.parametrize("salt", ["autumn", "", "ä: ö"])
@pytest.mark.parametrize("share", ["0", "0.05", "0.5", "1"])
def test_sql_and_python_give_the_same_buckets(salt: str, share: str) -> None:
    units = [f"member:{number}" for number in range(500)] + ["", "household:ÄÖ", "email:a'b%c@x.fi"]
    fraction = Decimal(share)
    assert evaluate_in_sql(units, in_share_sql(UNIT, salt, fraction)) == [
        (unit, is_in_share(unit, salt, fraction)) for unit in units
    ]


@given(KEYS, SHARES, SHARES)
def test_larger_share_contains_the_smaller_one(key: str, first: Decimal, second: Decimal) -> None:
    if is_in_share(key, "salt", min(first, second)):
        assert is_in_share(key, "salt", max(first, second))


def test_a10_changed_split_moves_as_few_units_as_possible() -> None:
    units = [str(number) for number in range(2000)]
    before, after = (assign_arms(units, "s", {"a": most, "b": 100 - most}) for most in (50, 60))
    moved = {(before[key], after[key]) for key in before if before[key] != after[key]}
    assert moved == {("b", "a")}


def test_arms_have_their_shares() -> None:
    units = [str(number) for number in range(20_000)]
    arm_sizes = Counter(assign_arms(units, "s", {"a": 20, "b": 30, "c": 50}).values())
    assert {name: round(count / 200) for name, count in arm_sizes.items()} == pytest.approx(
        {"a": 20, "b": 30, "c": 50}, abs=1
    )
