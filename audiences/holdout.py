"""Chance without a die: who is held out, and which arm of an experiment a unit gets, by a keyed hash.

The same unit gets the same answer on every machine, engine and day; another salt draws anew (A-10, A-11).
"""

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from itertools import accumulate
from typing import Any, Final

from sqlalchemy import ColumnElement, case, func, literal

_DIGITS: Final = 8
_ABOVE_ALL: Final = "g"  # every hexadecimal digit sorts below it


def threshold(share: Decimal) -> str:
    """The text that the share of all MD5 sums, written in hexadecimal, sort below."""
    if not 0 <= share <= 1:
        raise ValueError("a share is between 0 and 1")
    return _ABOVE_ALL if share == 1 else f"{int(share * 16**_DIGITS):0{_DIGITS}x}"


def in_share(key: ColumnElement[Any], salt: str, share: Decimal) -> ColumnElement[bool]:
    """Whether a unit falls into the share that `salt` draws; a larger share contains a smaller one."""
    return _drawn(key, salt) < threshold(share)


def is_in_share(key: str, salt: str, share: Decimal) -> bool:
    """The same for one unit, without a database."""
    return _draw(key, salt) < threshold(share)


def arm(key: ColumnElement[Any], salt: str, arms: Mapping[str, int]) -> ColumnElement[Any]:
    """The arm that a unit gets; `arms` are shares in percent that sum to 100, in the order of their ranges."""
    *first, (last, _) = _ranges(arms)
    drawn = _drawn(key, salt)
    return case(*((drawn < bound, literal(name)) for name, bound in first), else_=literal(last))


def _ranges(arms: Mapping[str, int]) -> list[tuple[str, str]]:
    bounds = accumulate(arms.values())
    return [(name, threshold(Decimal(bound) / 100)) for name, bound in zip(arms, bounds, strict=True)]


def _drawn(key: ColumnElement[Any], salt: str) -> ColumnElement[Any]:
    return func.md5(literal(f"{salt}:") + key)


def _draw(key: str, salt: str) -> str:
    return hashlib.md5(f"{salt}:{key}".encode(), usedforsecurity=False).hexdigest()
