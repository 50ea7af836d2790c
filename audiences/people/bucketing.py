"""Deterministic bucketing by a keyed hash: holdout membership and the experiment arm of a unit.

A unit gets the same result on every machine, engine and day; another salt draws anew (A-10, A-11).
"""

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from itertools import accumulate
from typing import Any, Final

from sqlalchemy import ColumnElement, case, func, literal

_DIGITS: Final = 8
_ABOVE_ALL_HASHES: Final = "g"  # every hexadecimal digit sorts below it


def hash_threshold(share: Decimal) -> str:
    """Return the text below which this share of all hexadecimal MD5 sums sort."""
    if not 0 <= share <= 1:
        raise ValueError("a share is between 0 and 1")
    return _ABOVE_ALL_HASHES if share == 1 else f"{int(share * 16**_DIGITS):0{_DIGITS}x}"


def in_share_sql(key: ColumnElement[Any], salt: str, share: Decimal) -> ColumnElement[bool]:
    """Return SQL: whether a unit falls into the share drawn by `salt`. A larger share contains a smaller one."""
    return _hash_sql(key, salt) < hash_threshold(share)


def is_in_share(key: str, salt: str, share: Decimal) -> bool:
    """Return the same for one unit, without a database."""
    return _hash(key, salt) < hash_threshold(share)


def arm_sql(key: ColumnElement[Any], salt: str, arms: Mapping[str, int]) -> ColumnElement[Any]:
    """Return SQL: the arm of a unit; `arms` are percentages that sum to 100, in the order of their ranges."""
    *first, (last, _) = _ranges(arms)
    hash_ = _hash_sql(key, salt)
    return case(*((hash_ < bound, literal(name)) for name, bound in first), else_=literal(last))


def _ranges(arms: Mapping[str, int]) -> list[tuple[str, str]]:
    bounds = accumulate(arms.values())
    return [(name, hash_threshold(Decimal(bound) / 100)) for name, bound in zip(arms, bounds, strict=True)]


def _hash_sql(key: ColumnElement[Any], salt: str) -> ColumnElement[Any]:
    return func.md5(literal(f"{salt}:") + key)


def _hash(key: str, salt: str) -> str:
    return hashlib.md5(f"{salt}:{key}".encode(), usedforsecurity=False).hexdigest()
