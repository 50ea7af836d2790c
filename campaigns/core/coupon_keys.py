"""Keys of coupon pools: from the environment, else from a file that only its owner can read; never made by themselves.

Each pool has keys of its own, with numbers: a till that holds the keys of one pool can make no codes of another.
"""

import re
import secrets
from binascii import unhexlify
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from campaigns.core.errors import UserError
from campaigns.core.private_files import FILE_MODE, make_private_folder, tighten, write_private

KEYS_VARIABLE: Final = "VIESTI_COUPON_KEYS"
_ENTRY: Final = re.compile(r"([a-z][a-z0-9_]{0,31}):([1-9][0-9]{0,3}):([0-9a-fA-F]{64})")
_RULE: Final = "a key is written `pool:number:` and 64 hexadecimal digits"
_HINT: Final = "`viesti coupons rotate-key POOL` makes one"
_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class PoolKey:
    """Key of a pool, with its number; a secret of 32 bytes."""

    pool: str
    number: int
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CouponKeys:
    """Keys of all pools; the one with the highest number makes the codes of new plans."""

    keys: Mapping[str, Mapping[int, PoolKey]] = field(default_factory=dict)

    @classmethod
    def load(cls, environment: Mapping[str, str], key_file: Path) -> Self:
        """Return the keys of `VIESTI_COUPON_KEYS`, else those of the file; none when there is neither.

        The variable has entries separated by commas, the file one a line. Raise UserError for entries of another form
        and for numbers that appear twice.
        """
        text = environment.get(KEYS_VARIABLE)
        if text is not None:
            return cls(_by_pool(KEYS_VARIABLE, text.split(",")))
        tighten(key_file, FILE_MODE)
        try:
            lines = key_file.read_text("ascii").splitlines()
        except FileNotFoundError:
            return cls()
        except UnicodeDecodeError as error:
            raise UserError.about(str(key_file), _RULE, "bad_coupon_key", _HINT) from error
        return cls(_by_pool(str(key_file), lines))

    def newest(self, pool: str) -> PoolKey:
        """Return the key that makes codes; raise UserError when the pool has none."""
        numbered = self.keys.get(pool)
        if not numbered:
            raise UserError.about(
                f"pool {pool}",
                "there is no key for its codes",
                "no_coupon_key",
                f"`viesti coupons rotate-key {pool}` makes one; with several machines, set {KEYS_VARIABLE} on each",
            )
        return numbered[max(numbered)]

    def numbered(self, pool: str, number: int) -> PoolKey:
        """Return a key by its number; raise UserError when it is no longer there."""
        key = self.keys.get(pool, {}).get(number)
        if key is None:
            raise UserError.about(
                f"pool {pool}",
                f"its key {number} is missing, with which codes of a run were made",
                "no_coupon_key",
                f"keep a key in {KEYS_VARIABLE} or data/coupon.keys until the offers of its runs have ended",
            )
        return key


def add_key(key_file: Path, pool: str) -> PoolKey:
    """Write a new key for a pool into the file, whole or not at all; earlier ones stay."""
    keys = CouponKeys.load({}, key_file)
    key = PoolKey(pool, max(keys.keys.get(pool, {}), default=0) + 1, secrets.token_bytes(_BYTES))
    entries = [*_entries(keys), key]
    make_private_folder(key_file.parent)
    write_private(key_file, "".join(f"{format_key(entry)}\n" for entry in entries).encode(), durable=True)
    return key


def format_key(key: PoolKey) -> str:
    """Return a key as the variable and the file hold it."""
    return f"{key.pool}:{key.number}:{key.secret.hex()}"


def _entries(keys: CouponKeys) -> Iterator[PoolKey]:
    for numbered in keys.keys.values():
        yield from numbered.values()


def _by_pool(place: str, entries: list[str]) -> Mapping[str, Mapping[int, PoolKey]]:
    pools: dict[str, dict[int, PoolKey]] = {}
    for position, text in enumerate(entries, start=1):
        if not text.strip():
            continue
        match = _ENTRY.fullmatch(text.strip())
        if match is None:
            raise UserError.about(place, f"{_RULE}; entry {position} is not", "bad_coupon_key", _HINT)
        pool, number = match[1], int(match[2])
        if number in pools.setdefault(pool, {}):
            message = f"key {number} of pool {pool} is there twice"
            raise UserError.about(place, message, "bad_coupon_key", "remove one of them")
        pools[pool][number] = PoolKey(pool, number, unhexlify(match[3]))
    return pools
