"""Deterministic random draws without state: keyed hashes of their arguments, so that a new draw changes no other."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final, TypeVar

Option = TypeVar("Option")

_KEY: Final = b"viesti demo"


def hash_seed(*key: object) -> int:
    """Return a number below 2**64, the same for the same `key` on every machine."""
    text = "|".join(str(part) for part in key)
    return int.from_bytes(blake2b(text.encode(), digest_size=8, key=_KEY).digest())


def random_fraction(*key: object) -> float:
    """Return a number in [0, 1)."""
    return (hash_seed(*key) >> 11) / 2**53


def happens(share: float, *key: object) -> bool:
    """Return True for this `share` of all keys."""
    return random_fraction(*key) < share


def random_integer(first: int, last: int, *key: object) -> int:
    """Return an integer from `first` to `last`, both included."""
    return first + hash_seed(*key) % (last - first + 1)


def pick(options: Sequence[Option], *key: object) -> Option:
    """Return one of the options, all equally likely."""
    return options[hash_seed(*key) % len(options)]


def weighted_pick(options: Mapping[Option, float], *key: object) -> Option:
    """Return one of the options, by weight."""
    remaining = random_fraction(*key) * sum(options.values())
    for option, weight in options.items():
        remaining -= weight
        if remaining < 0:
            return option
    return tuple(options)[-1]
